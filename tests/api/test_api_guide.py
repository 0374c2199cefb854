"""The code of docs/api-guide.md runs as shown, from the first order to a verified message."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from orders.services import health
from orders.services.webhooks.webhook_client import Message, WebhookClient
from orders.settings import PROJECT
from tests.actors import Org
from tests.api.calls import Api
from tests.receiver import Receiver
from tests.reference.shown_code import program_of

pytestmark = pytest.mark.one_database(reason="the endpoints have tests of their own")
GUIDE = (PROJECT / "docs" / "api-guide.md").read_text("utf-8")
ADDRESS, CODE = "http://127.0.0.1:8000", "7KQ4-M2XD-9T3X"
LINE = {"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": 1}
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoaXMgdGVzdCBhbG9uZQ=="
# What a browser adds to the requests of a page of the shop.
BROWSER = """
const plainFetch = fetch;
globalThis.fetch = (address, options = {}) => {
  const origin = address.includes("bearer_token") ? { Origin: "https://shop.example" } : {};
  return plainFetch(address, { ...options, headers: { ...options.headers, ...origin } });
};
"""


@pytest.fixture(autouse=True)
def _without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in os.environ if one.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def guide(app: Flask, api: Api, org: Org) -> Iterator[str]:
    """The page, with the address, tokens, and an order that a reader would have."""
    code = api.create({"customerId": "C-1042", "cart": [LINE]}).json["shortId"]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    real = {
        ADDRESS: f"http://127.0.0.1:{server.port}", "so_prv_…": org.private.secret,
        "so_pub_…": org.public.secret, CODE: code, CODE.lower(): code.lower(),
    }  # fmt: skip
    yield re.sub("|".join(real), lambda found: real[found[0]], GUIDE)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def message(receiver: Receiver) -> tuple[dict[str, str], str]:
    """The headers and the body of a message as the product sends it."""
    data = {"shortId": "7KQ4M2XD9T3X"}
    body = json.dumps({"type": "order.updated", "timestamp": "…", "version": 2, "data": data})
    sent = Message("msg_1", f"{receiver.address}/hooks/orders", body, (SECRET,))
    WebhookClient(allow_private=True).post(sent, at=datetime.now(UTC))
    [received] = receiver.received
    return received.headers, received.body.decode()


def code_in(page: str, language: str) -> str:
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL))


def test_curl(guide: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LIMIT", 30.0)  # a disk that other tests keep busy is healthy
    done = subprocess.run(
        [str(program_of("shell")), "-e"], input=code_in(guide, "sh"), capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    printed = re.sub(r"(?<=[}e])(?={)", "\n", done.stdout).splitlines()
    healthy, placed, refused, read, changed, canceled, webhook = map(json.loads, printed)
    assert (healthy, placed["platform"]["id"], read["status"]) == (True, "5001", "New")
    assert (changed["status"], canceled["cancelReason"]) == ("In Progress", "Ordered twice")
    assert webhook["webhook"]["secret"].startswith("whsec_")
    shown = json.loads(code_in(guide, "json"))
    assert refused == {**shown, "requestId": refused["requestId"]}


def test_python(
    guide: str, org: Org, message: tuple[dict[str, str], str], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("TOKEN", org.private.secret)
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    names: dict[str, Any] = {"__name__": "guide"}
    exec(compile(code_in(guide, "python"), "api-guide.md", "exec"), names)  # noqa: S102 - our own page
    placed, again, found = capsys.readouterr().out.splitlines()
    code = names["order"]["shortId"]
    assert (placed, again, found) == (f"{code} New", "True", f"1 {code}")
    receiver, (headers, body) = names["app"].test_client(), message
    for sent, status in ((body, 204), (body, 204), (f"{body} ", 400)):
        assert receiver.post("/hooks/orders", data=sent, headers=headers).status_code == status
    assert capsys.readouterr().out.splitlines() == ["order.updated 7KQ4M2XD9T3X 2"]


def test_javascript(
    guide: str, org: Org, message: tuple[dict[str, str], str], tmp_path: Path
) -> None:
    headers, body = message
    verify = f"""
    const [headersSent, bodySent] = {json.dumps([headers, body])};
    for (const body of [bodySent, bodySent + " "])
      console.log(JSON.stringify(verified(body, headersSent, {json.dumps(SECRET)})));
    """
    file = tmp_path / "guide.mjs"
    file.write_text(BROWSER + code_in(guide, "js") + verify)
    done = subprocess.run(
        [str(program_of("javascript")), file], env={**os.environ, "TOKEN": org.private.secret},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    placed, shown, status, verified, forged = done.stdout.splitlines()
    assert re.fullmatch(r"\w{12} New", placed)
    assert re.fullmatch(r"\w{4}-\w{4}-\w{4}", shown)
    assert (status, json.loads(verified), forged) == ("New", json.loads(body), "null")
