"""Generated bad requests to every route, and what each refused one may answer and leave behind.

The routes are those of the URL map and of the API's document. A seed repeats a run.
"""

import hashlib
import json
import logging
import random
import re
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask
from sqlalchemy import create_engine, text
from werkzeug.test import run_wsgi_app

from orders.interfaces.http.session import COOKIE
from orders.services.accounts import access, accounts
from orders.services.accounts.access import StaffMember
from orders.storage.models.base import Base
from tests.actors import PASSWORD, Org
from tests.bad_orders import CHAIR, good_form
from tests.desk.test_roles import address
from tests.fuzz.odd_values import HEADERS, METHODS, ODD, TYPES, VALUES
from tests.html import read

LARGEST = 65_536  # bytes of the answer to a refused request, unless the request is larger
# What says which requests there were: the request log, the audit, and the counters of limits; and
# in rows of other tables, failed tries and the last use of a token or session.
LEDGERS = {"request_log", "staff_event", "rate_count", "order_tries"}
NOTES = {
    "last_used_at", "wrong_codes", "wrong_code_at", "failed_tries", "failed_try_at",
}  # fmt: skip


@dataclass
class Caller:
    """A sender of requests: a name, the headers that say who it is, and a CSRF token."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)
    csrf: str = ""


@dataclass
class Sent:
    """A request as it was sent, and what was wrong with its answer."""

    caller: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    status: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of the request: its address, its headers and its body."""
        lines = sum(len(name) + len(value) for name, value in self.headers.items())
        return len(self.path) + len(self.query) + lines + len(self.body)


class Traces:
    """What is stored: a checksum of every table but for LEDGERS, and the names of all files."""

    def __init__(self, url: str, folder: Path) -> None:
        self._connection = create_engine(url, isolation_level="AUTOCOMMIT").connect()
        self._is_sqlite = url.startswith("sqlite")
        self._folder = folder
        self._names = sorted(set(Base.metadata.tables) - LEDGERS)

    def version(self) -> object:
        """Return what changes with each write of somebody else; far cheaper than `sums`."""
        if self._is_sqlite:
            return self._connection.execute(text("PRAGMA data_version")).scalar_one()
        newest = "SELECT txid_snapshot_xmax(txid_current_snapshot())"
        return self._connection.execute(text(newest)).scalar_one()

    def sums(self) -> dict[str, str]:
        """Return the checksum of each table, and of the list of files."""
        found = {name: self._sum(name) for name in self._names}
        files = sorted(
            str(one) for one in self._folder.rglob("*") if "orders.sqlite3" not in one.name
        )
        return {**found, "files": repr(files)}

    def _sum(self, name: str) -> str:
        rows = self._connection.execute(text(f'SELECT * FROM "{name}"'))  # noqa: S608 - our names
        kept = [at for at, column in enumerate(rows.keys()) if column not in NOTES]
        lines = sorted(repr([row[at] for at in kept]) for row in rows)
        return f"{len(lines)} rows, {hashlib.sha256(repr(lines).encode()).hexdigest()[:12]}"

    def close(self) -> None:
        self._connection.close()
        self._connection.engine.dispose()


def _members(org: Org) -> dict[str, StaffMember]:
    email = f"viewer.{org.email}"
    with org.app.app_context():
        accounts.add_staff(org.id, email=email, role="viewer", password=PASSWORD)
        viewer = access.sign_in(email, PASSWORD)
    assert viewer is not None
    return {"viewer": viewer, "sales": org.staff(), "admin": org.admin()}


class _Errors(logging.Handler):
    """Keeps what is logged with a traceback, or as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage()[:200])


class Campaign:
    """Sends generated requests to an application and collects those with a fault."""

    def __init__(self, app: Flask, org: Org, other: Org, traces: Traces, seed: int) -> None:
        self.app = app
        self.org = org
        self.other = other
        self.traces = traces
        self.random = random.Random(seed)  # noqa: S311 - a seed repeats a run
        self.refused = 0
        self.members = _members(org)
        self.fields, self.keys, self.routes = self._harvest()
        order = self._order(org)
        self.known = [
            *order, org.save("Chair", "CH-1").short_id, org.id, org.private.id,
            *self._order(other), other.id, other.private.id, other.save("Desk", "D-1").short_id,
        ]  # fmt: skip
        self.callers = self._callers()

    def _order(self, org: Org) -> list[str]:
        made = self.app.test_client().post(
            "/api/orders",
            json={"status": "New", "cart": [{"configurationId": CHAIR, "count": 1}]},
            headers={"Authorization": f"Bearer {org.private.secret}"},
        )
        order = json.loads(made.data)
        return [order["id"], order["shortId"]]

    def _harvest(self) -> tuple[list[str], list[str], list[tuple[str, str, bool]]]:
        """Return names of form fields, names of JSON fields, and every route with its method."""
        document = json.loads(self.app.test_client().get("/api/openapi.json").data)
        keys: set[str] = set()

        def collect(part: Any) -> None:  # noqa: ANN401 - any JSON
            if isinstance(part, dict):
                keys.update(part.get("properties") or ())
                for one in part.values():
                    collect(one)
            elif isinstance(part, list):
                for one in part:
                    collect(one)

        collect(document)
        routes = [
            (method.upper(), path, True)
            for path, methods in document["paths"].items()
            for method in methods
            if method in {"get", "post", "put", "patch", "delete"}
        ]
        browser = self.org.sign_in(self.app.test_client(), self.members["admin"])
        fields = {*good_form(), "do", "next", "page", "sort", "q", "form"}
        for rule in self.app.url_map.iter_rules():
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            routes.extend((method, rule.rule, False) for method in methods)
            if "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint != "static":
                answer = browser.get(address(self.app, rule), buffered=True)
                if answer.mimetype == "text/html":
                    fields.update(re.findall(r' name="([^"]+)"', answer.text))
        return sorted(fields), sorted(keys), sorted(routes)

    def _callers(self) -> list[Caller]:
        """Return all callers, with sessions that have just begun."""
        org, found = self.org, [Caller("anonymous")]
        for role, member in self.members.items():
            browser = org.sign_in(self.app.test_client(), member)
            token = read(browser.get("/orders").text).first("[name=csrf_token]")
            cookie = browser.get_cookie(COOKIE)
            assert cookie is not None
            headers = {"Cookie": f"{cookie.key}={cookie.value}"}
            found.append(Caller(role, headers, token["value"]))
            found.append(Caller(f"{role} without a CSRF token", headers))
        shop = {"Origin": "https://shop.example"}
        bearer = {
            "private": (org.private.secret, {}), "public": (org.public.secret, shop),
            "foreign": (self.other.private.secret, {}),
        }  # fmt: skip
        for name, (secret, more) in bearer.items():
            found.append(Caller(name, {"Authorization": f"Bearer {secret}", **more}))
        return found

    def run(self, count: int) -> list[Sent]:
        """Send `count` requests; return those that were answered wrongly or left a trace.

        A fault that no answer shows, like an error that is logged, counts for its request, too.
        """
        errors = _Errors()
        logging.getLogger().addHandler(errors)
        self.app.logger.addHandler(errors)
        try:
            return [sent for at in range(count) if (sent := self._one(at, errors)).faults]
        finally:
            logging.getLogger().removeHandler(errors)
            self.app.logger.removeHandler(errors)

    def _one(self, at: int, errors: _Errors) -> Sent:
        if at % 40 == 0:  # some requests sign their sender out
            self.callers = self._callers()
            self.version, self.sums = self.traces.version(), self.traces.sums()
        sent = self._request()
        errors.found.clear()
        status, location, answer = self._send(sent)
        sent.faults.extend(f"logged: {one}" for one in errors.found)
        version = self.traces.version()
        is_refused = sent.status >= 400 or (status[:1] == "3" and "/sign-in?next=" in location)
        if version != self.version:
            self.version, before, self.sums = version, self.sums, self.traces.sums()
            changed = [
                f"{name}: {before[name]} -> {self.sums[name]}"
                for name in before
                if before[name] != self.sums[name]
            ]
            if is_refused and changed:
                sent.faults.append("left a trace: " + "; ".join(changed))
        if sent.status >= 500 and sent.status != 501:
            sent.faults.append(f"answered {status}")
        if b"Traceback (most" in answer:
            sent.faults.append("shows a traceback")
        if is_refused:
            self.refused += 1
            if len(answer) > max(LARGEST, 2 * sent.size):
                sent.faults.append(f"{len(answer):,} bytes answer {sent.size:,}")
        return sent

    def _send(self, sent: Sent) -> tuple[str, str, bytes]:
        environ = {
            "REQUEST_METHOD": sent.method, "SCRIPT_NAME": "", "PATH_INFO": sent.path,
            "QUERY_STRING": sent.query, "SERVER_NAME": "localhost", "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost",
            "CONTENT_LENGTH": str(len(sent.body)), "wsgi.input": BytesIO(sent.body),
            "wsgi.errors": BytesIO(), "wsgi.url_scheme": "http", "wsgi.version": (1, 0),
            "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
            "wsgi.input_terminated": True,
        }  # fmt: skip
        for name, value in sent.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        try:
            parts, status, headers = run_wsgi_app(self.app, environ, buffered=True)
        except Exception as error:  # noqa: BLE001 - any is a finding
            sent.status = 500
            sent.faults.append(f"raised {error!r:.300}")
            return "500", "", b""
        sent.status = int(status[:3])
        return status, headers.get("Location", ""), b"".join(parts)

    def _request(self) -> Sent:
        """Return the next request, mostly nearly right, so that much of the product sees it."""
        choose = self.random.choice
        method, rule, is_api = choose(self.routes)
        if self._now_and_then(8):
            method = choose(METHODS)
        caller = choose(self.callers)
        headers = dict(caller.headers)
        headers["Content-Type"], body = self._body(caller, is_api=is_api)
        for name in self.random.sample(sorted(HEADERS), k=choose((0, 0, 0, 1, 1, 3))):
            headers[name] = choose(HEADERS[name])
        for bad in [name for name, value in headers.items() if "\r" in value]:
            del headers[bad]
        path = self._path(rule)
        query = "" if self._now_and_then(2) else _encoded(self._pairs(choose((1, 2, 5))))
        if caller.csrf and method == "GET" and self._now_and_then(2):
            body = b""
        return Sent(caller.name, method, path, query, headers, body)

    def _now_and_then(self, turns: int) -> bool:
        return self.random.randrange(turns) == 0

    def _path(self, rule: str) -> str:
        """Return the path of a rule, `<converter:name>` and `{name}` replaced, as WSGI has it."""
        parts, rest = [], rule.replace("{", "<").replace("}", ">")
        while "<" in rest:
            before, _, rest = rest.partition("<")
            _name, _, rest = rest.partition(">")
            value = self.random.choice(self.known if not self._now_and_then(3) else ODD)
            parts += [before, value]
        path = "".join((*parts, rest))
        return path.encode("utf-8", "surrogatepass").decode("latin-1")

    def _pairs(self, count: int) -> list[tuple[str, str]]:
        return [(self._name(self.fields), self._value()) for _ in range(count)]

    def _name(self, names: list[str]) -> str:
        if self._now_and_then(6):
            return str(self.random.choice(ODD))[:200]
        return self.random.choice(names)

    def _value(self) -> str:
        return str(self.random.choice(self.known if self._now_and_then(4) else ODD))

    def _body(self, caller: Caller, *, is_api: bool) -> tuple[str, bytes]:
        """Return the content type and bytes of a body."""
        choose = self.random.choice
        kind = choose(("json", "json", "form", "multipart", "odd") if is_api else
                      ("form", "form", "multipart", "json", "odd"))  # fmt: skip
        if kind == "json":
            return "application/json", self._json()
        pairs = self._pairs(choose((0, 1, 3, 10, 60)))
        if self._now_and_then(3):
            pairs = [*good_form().items(), *pairs[:3]]
        if self._now_and_then(40):
            pairs = pairs * 500
        if caller.csrf:
            pairs.append(("csrf_token", caller.csrf))
        if kind == "multipart":
            return "multipart/form-data; boundary=b", self._multipart(pairs)
        form = _encoded(pairs).encode()
        return choose(TYPES) if kind == "odd" else "application/x-www-form-urlencoded", form

    def _json(self) -> bytes:
        choose = self.random.choice
        broken = (
            b"", b"{", b"[" * 20_000, b'{"a":' * 20_000, b"\xff\xfe{}", b"nul", b'"\\ud800"',
            b"1" * 6_000, b'{"cart": [' + b'{"count": 1},' * 9_000 + b"{}]}", b'{"a": 1, "a": 2}',
            b"NaN", b"[1e999]",
        )  # fmt: skip
        if self._now_and_then(5):
            return choose(broken)
        made: Any = {self._name(self.keys): self._json_value(3) for _ in range(choose((1, 3, 8)))}
        if self._now_and_then(2):
            line = {"configurationId": CHAIR, "count": 1}
            made = {"status": "New", "cart": [line], "metadata": {}} | made
        if self._now_and_then(8):
            made = [made]
        return json.dumps(made).encode()

    def _json_value(self, depth: int) -> Any:  # noqa: ANN401 - any JSON
        if depth and self._now_and_then(3):
            if self._now_and_then(2):
                return [self._json_value(depth - 1) for _ in range(self.random.randrange(4))]
            return {self._name(self.keys): self._json_value(depth - 1) for _ in range(2)}
        return self.random.choice(self.known if self._now_and_then(4) else VALUES)

    def _multipart(self, pairs: list[tuple[str, str]]) -> bytes:
        """Return the parts of a form, some of them files, some broken."""
        parts = []
        for name, value in pairs:
            file = f'; filename="{self._name(self.fields)}"' if self._now_and_then(4) else ""
            kind = self.random.choice(("", "", "\r\nContent-Type: image/png", "\r\nX: \xff"))
            head = f'--b\r\nContent-Disposition: form-data; name="{name}"{file}{kind}\r\n\r\n'
            parts.append(f"{head}{value}\r\n")
        end = self.random.choice(("--b--\r\n", "--b--\r\n", "--b\r\n", ""))
        return ("".join(parts) + end).encode("utf-8", "surrogatepass")


def _encoded(pairs: list[tuple[str, str]]) -> str:
    def one(text: str) -> str:
        return quote(text, errors="surrogatepass")

    return "&".join(f"{one(name)}={one(value)}" for name, value in pairs)


def report(sent: Sent) -> str:
    """Return a request and its faults in a few lines."""
    head = f"{sent.caller}: {sent.method} {sent.path!r:.200} ?{sent.query:.300} -> {sent.status}"
    return f"{head}\n  {sent.headers!r:.400}\n  {sent.body!r:.500}\n  " + "\n  ".join(sent.faults)
