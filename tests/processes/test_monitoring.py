"""The served product is watched: metrics of two workers, and one request by its ID."""

import gzip
import json
import os
import re
import signal
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from platform import python_version
from typing import Any, TypeAlias, TypeVar

import brotli
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from orders import __version__
from orders.settings import PROJECT
from tests.bad_orders import CHAIR
from tests.postgres import free_port
from tests.processes.server import PATIENCE, Server, running
from tests.receiver import Received, Receiver, receiving

T = TypeVar("T")
Samples: TypeAlias = dict[tuple[str, frozenset[tuple[str, str]]], float]

JSON = "application/json"
METRICS_TOKEN = "the-metrics-are-read-with-this"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
BUCKETS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, float("inf")]


@dataclass
class Watched:
    """A served product, the receiver of its traces and errors, and an org's token."""

    server: Server
    receiver: Receiver
    metrics_port: int
    org_id: str
    token_id: str
    token: str

    def ask(
        self, path: str, headers: dict[str, str], *, body: object = None, port: int = 0
    ) -> tuple[int, Message, str]:
        """Send a request; return the status, headers and text of the answer, also of an error."""
        address = f"http://127.0.0.1:{port or self.server.port}{path}"
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(address, data, {"Content-Type": JSON, **headers})
        try:
            with urllib.request.urlopen(asked) as answer:  # noqa: S310 - our own
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def create(self) -> str:
        """Create an order, and return its code."""
        order = {"cart": [{"configurationId": CHAIR, "count": 1}]}
        status, _, text = self.ask("/api/orders", bearer(self.token), body=order)
        assert status == 201, text
        return str(json.loads(text)["shortId"])

    def lines(self, **members: object) -> list[dict[str, Any]]:
        """Return the log's JSON lines that have these members; all other lines must be JSON too."""
        text = self.server.log.read_text("utf-8")
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [one for one in lines if members.items() <= one.items()]

    def samples(self, port: int = 0) -> Samples:
        """Scrape the metrics; return the values by name and labels, as the client parses them."""
        status, headers, text = self.ask("/metrics", bearer(METRICS_TOKEN), port=port)
        assert status == 200
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"shortorder_{name}", frozenset(labels.items())]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder, port = tmp_path_factory.mktemp("watched"), free_port()
    with receiving() as receiver:
        address = receiver.address.removesuffix("/hook")
        options = {
            "LOG_FORMAT": "json", "ACCESS_LOG": "1", "METRICS_TOKEN": METRICS_TOKEN,
            "METRICS_LISTEN": str(port), "SENTRY_DSN": f"{address.replace('//', '//key@')}/1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_BSP_SCHEDULE_DELAY": "100",
        }  # fmt: skip
        with running(folder, WORKERS="2", **options) as server:
            org = server.command("org", "add", "Workshop")["id"]
            made = server.command("token", "add", "--org", org, "--name", "Script", "--private")
            yield Watched(server, receiver, port, org, made["id"], made["token"])


def wait_for(found: Callable[[], T]) -> T:
    deadline = time.monotonic() + PATIENCE
    while not (what := found()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return what


def test_the_metrics_of_two_workers_are_added_up(watched: Watched) -> None:
    for _ in range(3):
        watched.create()
    asked = 0
    while asked < 10 or len({one["process"] for one in watched.lines(path="/find")}) < 2:
        assert watched.ask("/find", {})[0] == 200
        asked += 1
    watched.ask("/nothing", {})
    for found in (watched.samples(), watched.samples(watched.metrics_port)):
        assert value(found, "requests_total", method="GET", route="/find", status="200") == asked
        assert value(found, "requests_total", method="GET", route="unknown", status="404") == 1
        assert value(found, "request_seconds_count", method="GET", route="/find") == asked
        assert 0 < value(found, "request_seconds_sum", method="GET", route="/find") < asked * 10
        assert value(found, "orders_created_total", source="token") == 3
        assert value(found, "write_group_size_count") >= 1
        assert value(found, "processes", kind="server") == 2
        assert value(found, "processes", kind="background") == 1
        assert value(found, "database_connections", state="open") > 0
        assert value(found, "waiting", kind="webhooks") == 0
        assert value(found, "waiting_seconds", kind="imports") == 0
        assert value(found, "can_store") == 1
        build = {"version": __version__, "python": python_version(), "database": "sqlite"}
        assert value(found, "build_info", **build) == 1
        find = {"method": "GET", "route": "/find"}
        labels = [dict(one) for name, one in found if name == "shortorder_request_seconds_bucket"]
        buckets = [one["le"] for one in labels if find.items() <= one.items()]
        assert [float(one) for one in buckets] == BUCKETS
        assert not any(watched.org_id in text for _, one in found for _, text in one)


def test_each_metric_is_described(watched: Watched) -> None:
    _, _, text = watched.ask("/metrics", bearer(METRICS_TOKEN))
    page = (PROJECT / "docs" / "monitoring.md").read_text("utf-8")
    described = re.findall(r"^\| `(shortorder_\w+)` \|", page, re.MULTILINE)
    assert sorted(described) == sorted(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))


def test_the_metrics_need_their_token(watched: Watched) -> None:
    for port in (watched.server.port, watched.metrics_port):
        for sent in ({}, bearer("wrong"), {"Authorization": METRICS_TOKEN}):
            status, headers, text = watched.ask("/metrics", sent, port=port)
            assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
            assert "shortorder_" not in text
    assert watched.ask("/find", {}, port=watched.metrics_port)[0] == 404


def test_a_worker_that_has_died_keeps_what_it_counted(watched: Watched) -> None:
    before = value(watched.samples(), "orders_created_total", source="token")

    def processes() -> set[Any]:
        with suppress(OSError):  # a connection that the killed worker had
            watched.ask("/find", {})
        return {one["process"] for one in watched.lines(path="/find")}

    wait_for(lambda: len(processes()) == 2)
    known = processes()
    os.kill(known.copy().pop(), signal.SIGKILL)
    wait_for(watched.server.is_well)
    wait_for(lambda: processes() > known)
    assert value(watched.samples(), "processes", kind="server") == 2
    assert value(watched.samples(), "orders_created_total", source="token") == before


@pytest.mark.parametrize("is_api", [True, False])
def test_one_request_is_followed_by_its_id(watched: Watched, is_api: bool) -> None:
    code, request_id = watched.create(), f"proxy-1:{is_api}"
    with sqlite3.connect(Path(watched.server.environment["DATA_DIR"]) / "shortorder.sqlite3") as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute("UPDATE orders SET status = 'Broken' WHERE short_id = ?", (code,))
    path = f"/api/orders/{code}" if is_api else f"/o/{code}"
    sent = {"X-Request-ID": request_id, "Traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    sent |= bearer(watched.token) if is_api else {}
    status, headers, text = watched.ask(f"{path}?bearer_token={watched.token}", sent)
    assert (status, headers["X-Request-ID"]) == (500, request_id)
    if is_api:
        assert json.loads(text)["requestId"] == request_id
    else:
        assert f'<code class="code">{request_id}</code>' in text
    error, access = watched.lines(requestId=request_id)
    assert (error["level"], access["level"]) == ("ERROR", "INFO")
    assert "KeyError" in error["exception"]
    assert (access["status"], access["path"]) == (500, path)
    by = (watched.org_id, watched.token_id) if is_api else (None, None)
    assert (access.get("orgId"), access.get("actorId")) == by
    span: Any = wait_for(lambda: spans(watched.receiver).get(request_id))
    assert (span.trace_id.hex(), span.name.split()[0]) == (TRACE, "GET")
    event: Any = wait_for(lambda: events(watched.receiver).get(request_id))
    assert event["release"] == f"shortorder@{__version__}"
    assert event["exception"]["values"][-1]["type"] == "KeyError"
    assert "request" not in event


def test_nothing_that_is_written_or_sent_has_a_secret(watched: Watched) -> None:
    token = watched.token
    answers = [
        watched.ask(f"/api/orders/x?bearer_token={token}", {}),
        watched.ask(f"/api/{token}", {"X-Request-ID": token}),
        watched.ask("/find", {**bearer(METRICS_TOKEN), "Cookie": "shortorder=cookie-secret"}),
    ]
    ids = {headers["X-Request-ID"] for _, headers, _ in answers}
    wait_for(lambda: ids <= spans(watched.receiver).keys())
    assert any("so_prv_…" in one["path"] for one in watched.lines(status=404))
    key = (Path(watched.server.environment["DATA_DIR"]) / "secret_key").read_text("utf-8").strip()
    said = watched.server.log.read_bytes() + b"".join(map(content, watched.receiver.received))
    for secret in (token, METRICS_TOKEN, key, "cookie-secret"):
        assert secret.encode() not in said, secret


def content(received: Received) -> bytes:
    unpack: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "br": brotli.decompress}
    return unpack.get(received.headers.get("content-encoding", ""), bytes)(received.body)


def spans(receiver: Receiver) -> dict[str, Any]:
    """Return the spans that have arrived, by the ID of their request."""
    found = {}
    for one in receiver.received:
        if one.path == "/v1/traces":
            message = ExportTraceServiceRequest.FromString(content(one))
            for span in message.resource_spans[0].scope_spans[0].spans:
                attributes = {item.key: item.value.string_value for item in span.attributes}
                found[attributes["shortorder.request_id"]] = span
    return found


def events(receiver: Receiver) -> dict[str, Any]:
    """Return the errors that have been reported, by the ID of their request."""
    found = {}
    for one in receiver.received:
        if one.path == "/api/1/envelope/":
            event = json.loads(content(one).splitlines()[2])
            found[event.get("tags", {}).get("request_id", "")] = event
    return found
