"""The served product is watched: metrics of two workers, and one request by its ID."""

import gzip
import json
import os
import signal
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brotli
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from orders.version import version
from tests.bad_orders import CHAIR
from tests.postgres import free_port
from tests.processes.server import PATIENCE, Server, running
from tests.receiver import Receiver, receiving

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

    def ask(self, path: str, body: object = None, port: int = 0, **headers: str) -> Any:  # noqa: ANN401 - status, headers, text
        """Send a request; return the status, headers and text of the answer, also of an error."""
        address = f"http://127.0.0.1:{port or self.server.port}{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body).encode()
        if data:
            named["Content-Type"] = "application/json"
        try:
            answer = urllib.request.urlopen(urllib.request.Request(address, data, named))
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.headers, answer.read().decode()

    def lines(self, **members: object) -> list[dict[str, Any]]:
        """Return the log's JSON lines that have these members; all other lines must be JSON too."""
        text = self.server.log.read_text("utf-8")
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [one for one in lines if members.items() <= one.items()]

    def samples(self, port: int = 0) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Scrape the metrics; return the values by name and labels, as the client parses them."""
        status, headers, text = self.ask(
            "/metrics", port=port, Authorization=f"Bearer {METRICS_TOKEN}"
        )
        assert status == 200
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


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


def wait_for(found: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is found
    deadline = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return value


def test_the_metrics_of_two_workers_are_added_up(watched: Watched) -> None:
    bearer = {"Authorization": f"Bearer {watched.token}"}
    order = {"cart": [{"configurationId": CHAIR, "count": 1}]}
    for _ in range(3):
        assert watched.ask("/api/orders", order, **bearer)[0] == 201
    asked = 0
    while asked < 10 or len({one["process"] for one in watched.lines(path="/find")}) < 2:
        assert watched.ask("/find")[0] == 200
        asked += 1
    watched.ask("/nothing")
    for samples in (watched.samples(), watched.samples(watched.metrics_port)):

        def value(name: str, samples: dict[Any, float] = samples, **labels: str) -> float:
            return samples[name, frozenset(labels.items())]

        find = {"method": "GET", "route": "/find"}
        assert value("shortorder_requests_total", **find, status="200") == asked
        assert value("shortorder_request_seconds_count", **find) == asked
        assert 0 < value("shortorder_request_seconds_sum", **find) < asked * 10
        unknown = {"method": "GET", "route": "unknown", "status": "404"}
        assert value("shortorder_requests_total", **unknown) == 1
        assert value("shortorder_orders_created_total", source="token") == 3
        assert value("shortorder_write_group_size_count") >= 1
        assert value("shortorder_processes", kind="server") == 2
        assert value("shortorder_processes", kind="background") == 1
        assert value("shortorder_database_connections", state="open") > 0
        assert value("shortorder_waiting", kind="webhooks") == 0
        assert value("shortorder_waiting_seconds", kind="imports") == 0
        assert value("shortorder_can_store") == 1
        build = {"version": version(), "database": "sqlite"}
        assert any(
            name == "shortorder_build_info" and build.items() <= dict(labels).items()
            for name, labels in samples
        )
        assert [
            float(dict(labels)["le"]) for name, labels in samples
            if name == "shortorder_request_seconds_bucket"
            and find.items() <= dict(labels).items()
        ] == BUCKETS  # fmt: skip
        assert not any(watched.org_id in text for _, labels in samples for _, text in labels)


def test_the_metrics_need_their_token(watched: Watched) -> None:
    for port in (watched.server.port, watched.metrics_port):
        for sent in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": METRICS_TOKEN}):
            status, headers, text = watched.ask("/metrics", port=port, **sent)
            assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
            assert "shortorder_" not in text
    assert watched.ask("/find", port=watched.metrics_port)[0] == 404


def test_a_worker_that_has_died_keeps_what_it_counted(watched: Watched) -> None:
    def server_processes() -> float:
        return watched.samples()["shortorder_processes", frozenset({("kind", "server")})]

    name = "shortorder_orders_created_total", frozenset({("source", "token")})
    before = watched.samples()[name]
    wait_for(lambda: server_processes() == 2)
    died = watched.lines(path="/find")[-1]["process"]
    os.kill(died, signal.SIGKILL)
    known = {one["process"] for one in watched.lines(path="/find")}
    wait_for(lambda: watched.server.is_well() and watched.ask("/find"))
    wait_for(
        lambda: watched.ask("/find") and watched.lines(path="/find")[-1]["process"] not in known
    )
    assert server_processes() == 2
    assert watched.samples()[name] == before


def test_one_request_is_followed_by_its_id(watched: Watched) -> None:
    bearer = {"Authorization": f"Bearer {watched.token}"}
    _, _, made = watched.ask(
        "/api/orders", {"cart": [{"configurationId": CHAIR, "count": 1}]}, **bearer
    )
    code = json.loads(made)["shortId"]
    with sqlite3.connect(Path(watched.server.environment["DATA_DIR"]) / "shortorder.sqlite3") as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute("UPDATE orders SET status = 'Broken' WHERE short_id = ?", (code,))
    for request_id, path, headers in (
        ("proxy-1:api", f"/api/orders/{code}?bearer_token={watched.token}", bearer),
        ("proxy-1:page", f"/o/{code}", {}),
    ):
        trace = f"00-{TRACE}-00f067aa0ba902b7-01"
        status, answered, text = watched.ask(
            path, X_Request_ID=request_id, Traceparent=trace, **headers
        )
        assert (status, answered["X-Request-ID"]) == (500, request_id)
        if headers:
            assert json.loads(text)["requestId"] == request_id
        else:
            assert f'<code class="code">{request_id}</code>' in text
        error, access = watched.lines(requestId=request_id)
        assert (error["level"], access["level"]) == ("ERROR", "INFO")
        assert "KeyError" in error["exception"]
        assert (access["status"], access["path"]) == (500, path.partition("?")[0])
        expected = (watched.org_id, watched.token_id) if headers else (None, None)
        assert (access.get("orgId"), access.get("actorId")) == expected
        span = wait_for(lambda sent=request_id: spans(watched.receiver).get(sent))
        assert (span.trace_id.hex(), span.name.split()[0]) == (TRACE, "GET")
        event = wait_for(lambda sent=request_id: events(watched.receiver).get(sent))
        assert event["release"] == f"shortorder@{version()}"
        assert event["exception"]["values"][-1]["type"] == "KeyError"
        assert "request" not in event


def test_nothing_that_is_written_or_sent_has_a_secret(watched: Watched) -> None:
    watched.ask(f"/api/orders/x?bearer_token={watched.token}")
    watched.ask(f"/api/{watched.token}", X_Request_ID=watched.token)
    watched.ask("/find", Authorization=f"Bearer {METRICS_TOKEN}", Cookie="shortorder=cookie-secret")
    wait_for(lambda: watched.lines(path="/find", status=200))
    assert any("so_prv_…" in one["path"] for one in watched.lines(status=404))
    key = (Path(watched.server.environment["DATA_DIR"]) / "secret_key").read_text("utf-8").strip()
    said = watched.server.log.read_bytes() + b"".join(map(content, watched.receiver.received))
    for secret in (watched.token, METRICS_TOKEN, key, "cookie-secret"):
        assert secret.encode() not in said, secret


def content(received: Any) -> bytes:  # noqa: ANN401 - a request that the receiver got
    unpack = {"gzip": gzip.decompress, "br": brotli.decompress, "": bytes}
    return unpack[received.headers.get("content-encoding", "")](received.body)


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
