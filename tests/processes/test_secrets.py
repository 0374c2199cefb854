"""Every secret of a run through all features that handle some, and nowhere one of them in plain."""

import base64
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit
from zlib import decompress

import pytest
from sqlalchemy import create_engine, text

from app import create_app
from orders.interfaces.customer.unlock import COOKIE as UNLOCKED
from orders.settings import read_settings
from orders.storage.models.base import Base
from tests.bad_orders import CHAIR
from tests.desk.people.links_and_codes import code_of, link_on, secret_of
from tests.html import read
from tests.processes.server import Server, running

ADMIN, SALES = "ada@desk.example", "sam@desk.example"
# Settings that are secrets. Nothing answers at the mail server and the provider.
SETTINGS = {
    "METRICS_TOKEN": "the-metrics-are-read-with-this",
    "ENCRYPTION_KEY": "the-stored-secrets-are-encrypted-with-this",
    "BACKUP_PASSPHRASE": "the-backups-are-encrypted-with-this",
    "OIDC_CLIENT_SECRET": "the-provider-knows-the-desk-by-this",
}
MAIL_PASSWORD = "the-mail-server-knows-the-desk-by-this"
NOWHERE = "127.0.0.1:1"
TOKEN = re.compile(r"so_(?:prv|pub)_[A-Za-z0-9_-]{43}")
WEBHOOK = re.compile(r"whsec_[A-Za-z0-9+/=]{40,}")
RECOVERY = re.compile(r"\b(?:[0-9a-z]{4}-){3}[0-9a-z]{4}\b")
# Pages that show a secret because somebody asks for it.
ON_REQUEST = {"/settings/webhooks/<webhook_id>/secret"}


class Secrets(dict[str, str]):
    """What must be nowhere in plain: what it is, by the secret."""

    def keep(self, what: str, secret: str) -> str:
        """Remember a secret and return it."""
        assert len(secret) >= 8, f"{what}: {secret!r}"  # a shorter one would be found by chance
        self[secret] = what
        return secret

    def in_plain(self, where: str, content: str | bytes) -> list[str]:
        """Return what is found in a text or file, in plain or as it is written in an address."""
        found = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
        return [
            f"{what} in {where}"
            for secret, what in self.items()
            if secret.encode() in found or quote(secret, safe="").encode() in found
        ]


class Visitor:
    """A browser of one person, without scripts; its session cookies are secrets."""

    def __init__(self, server: Server, secrets: Secrets) -> None:
        self._server = server
        self._secrets = secrets
        self._jar = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))

    def get(self, path: str) -> str:
        return self._open(path, None)

    def _open(self, path: str, body: bytes | None) -> str:
        try:
            with self._opener.open(self._server.address + path, body) as answer:
                page: str = answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            page = error.read().decode("utf-8", "replace")
        for cookie in self._jar:
            if cookie.name == UNLOCKED and cookie.value:
                self._secrets.keep("a cookie that unlocks an order", cookie.value)
            if "shortorder" in cookie.name and cookie.value:
                self._secrets.keep("a session cookie", cookie.value)
                staff = _session_of(cookie.value).get("staff")
                if staff:
                    self._secrets.keep("a session's secret", staff)
        return page

    def send(self, path: str, to: str = "", **fields: str) -> str:
        """Fill in a form of a page, the one whose address ends so; return the page that answers."""
        page = self.get(path)
        forms = read(page).all("form")
        names = [[one["name"] for one in form.all("[name]")] for form in forms]
        fitting = [form for form, has in zip(forms, names, strict=True) if {*fields} <= {*has}]
        actions = [(form.attributes("action") or [path])[0] for form in fitting]
        choices = [
            (form, action or path)
            for form, action in zip(fitting, actions, strict=True)
            if "method" in form and form["method"] == "post" and action != "/sign-out"
            and action.partition("?")[0].endswith(to)
        ]  # fmt: skip
        assert choices, f"no form for {set(fields)} at {path}, only {names} to {actions}"
        form, action = choices[0]
        filled = {**form.fields(), **fields}
        return self._open(action, urlencode(filled).encode())


def _session_of(cookie: str) -> dict[str, str]:
    is_packed = cookie.startswith(".")
    raw = cookie.lstrip(".").split(".")[0]
    content = base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
    found: dict[str, str] = json.loads(decompress(content) if is_packed else content)
    return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    options = {
        "ACCESS_LOG": "1", "LOG_FORMAT": "json", "PUBLIC_URL": "http://127.0.0.1",
        "SMTP_URL": f"smtp://desk:{MAIL_PASSWORD}@{NOWHERE}?tls=off", "MAIL_FROM": ADMIN,
        "OIDC_ISSUER": f"http://{NOWHERE}", "OIDC_CLIENT_ID": "desk",
        "BACKUP_TO": f"{tmp_path}/backups",
    }  # fmt: skip
    with running(tmp_path, WORKERS="1", **options, **SETTINGS) as server:
        yield server


def call(server: Server, path: str, token: str, *, key: str = "", body: object = None) -> str:
    """Call the API; return the text of its answer, also of a refusal."""
    headers = {"Content-Type": "application/json", "Origin": "https://shop.example"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Idempotency-Key": key} if key else {}
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(server.address + path, data, headers)  # noqa: S310 - our own
    try:
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - our own
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return str(error.read().decode())


def use_tokens(server: Server, secrets: Secrets, admin: Visitor) -> str:
    """Create tokens, send them in every way, also where they are refused; return a private one."""
    made = []
    for kind, more in (("private", {}), ("public", {"domain": "shop.example"})):
        page = admin.send("/settings/tokens/new", name=f"A {kind} one", kind=kind, **more)
        made.append(secrets.keep(f"a {kind} token", next(iter(TOKEN.findall(page)), "")))
    for token in made:
        call(server, "/api/orders", token)
        for path in ("/api/orders", "/api//orders", "/api/nothing", "/orders", "/api/orders/a%00"):
            call(server, f"{path}?bearer_token={token}", "")
            call(server, f"{path}?bearer_token={token}", "", body={"status": token[:9], "cart": 1})
        call(server, "/api/orders", f"{token} {token}")
        call(server, "/api/orders", token, body={"status": "New", "cart": [], "metadata": 1})
    return made[0]


def use_webhooks(server: Server, secrets: Secrets, admin: Visitor, token: str) -> None:
    hook = {"topic": "order.created", "address": "https://nobody.invalid/hook"}
    made = [call(server, "/api/webhooks", token, key="once", body=hook) for _ in range(2)]
    webhook_id = json.loads(made[0])["webhook"]["id"]
    page = f"/settings/webhooks/{webhook_id}"
    shown = [*made, admin.send(page, "/secret"), admin.send(page, "/roll")]
    shown += [admin.send(page, "/secret")]
    found = {one for text in shown for one in WEBHOOK.findall(text)}
    assert len(found) == 2, found
    for one in found:
        secrets.keep("a webhook's secret", one.removeprefix("whsec_"))


def use_customer_page(server: Server, admin: Visitor, customer: Visitor, token: str) -> None:
    """Let a customer see their order after they have entered their customer ID."""
    admin.send("/settings/customers", customer_check="customerId")
    body = {"customerId": "K-4711", "cart": [{"configurationId": CHAIR, "count": 1}]}
    code = json.loads(call(server, "/api/orders", token, body=body))["shortId"]
    assert not read(customer.send(f"/o/{code}", number="K-4711")).has("[name=number]")


def set_up(server: Server, secrets: Secrets) -> Visitor:
    """Set the desk up by its link and return the admin's browser."""
    link = server.command("setup-link")["link"]
    secrets.keep("the setup link's secret", link.rpartition("=")[2])
    admin = Visitor(server, secrets)
    address = urlsplit(link)
    password = secrets.keep("the admin's password", "Grüße & 9 gelbe Dächer")
    page = admin.send(f"{address.path}?{address.query}", org_name="Workshop", name="Ada",
                      email=ADMIN, password=password, time_zone="UTC")  # fmt: skip
    assert "Set up your desk" not in page
    return admin


def use_links(server: Server, secrets: Secrets, admin: Visitor) -> None:
    """Invite a colleague, and give them a reset link, and a password."""
    invited = admin.send("/settings/staff/invite", email=SALES, role="sales", do="mail")
    assert "The mail server cannot be reached" in invited
    invitation = link_on(invited)
    secrets.keep("an invitation link's secret", secret_of(invitation))
    first = secrets.keep("a password of an invited person", "seven slow snails sing")
    sales = Visitor(server, secrets)
    sales.send(invitation, name="Sam", password=first)
    Visitor(server, secrets).send("/sign-in", email=SALES, password=first)
    typo = secrets.keep("a wrong password", "seven slow snails sink")
    Visitor(server, secrets).send("/sign-in", email=SALES, password=typo)
    Visitor(server, secrets).send("/sign-in", email=typo, password=SALES)
    account = next(
        link for link in read(admin.get("/settings/staff")).attributes("href")
        if re.fullmatch(r"/settings/staff/[0-9a-f-]{36}", link)
        and SALES in admin.get(link)
    )  # fmt: skip
    reset = link_on(admin.send(account, "/reset-link"))
    secrets.keep("a reset link's secret", secret_of(reset))
    second = secrets.keep("a password after a reset", "eight quick quails quarrel")
    Visitor(server, secrets).send(reset, password=second)
    third = secrets.keep("a password by an admin", "nine noble newts nibble")
    admin.send(account, "/password", password=third)
    sales = Visitor(server, secrets)
    sales.send("/sign-in", email=SALES, password=third)
    fourth = secrets.keep("a password of one's own", "ten tidy toads tumble")
    sales.send("/account/password", old_password=third, password=fourth)
    use_second_factor(server, secrets, sales, fourth)


def use_second_factor(server: Server, secrets: Secrets, sales: Visitor, password: str) -> None:
    """Turn the second factor on, sign in by code and recovery code, renew the codes."""
    own = "/account/second-factor"
    shown = read(sales.get(own)).first("#secret").text.replace(" ", "")
    secret = secrets.keep("a second factor's secret", shown)
    page = sales.send(own, proof=password, code=code_of(secret))
    codes = RECOVERY.findall(read(page).words)
    assert len(codes) == 10, page
    by_code = Visitor(server, secrets)
    by_code.send("/sign-in", email=SALES, password=password)
    by_code.send("/sign-in/code", recovery=codes[0])
    renewed = sales.send(f"{own}/codes", proof=password, code=codes[1])
    codes += RECOVERY.findall(read(renewed).words)
    assert len(codes) == 20, renewed
    for code in codes:
        secrets.keep("a recovery code", code)
        secrets.keep("a recovery code without hyphens", code.replace("-", ""))


def stored(server: Server) -> Iterator[tuple[str, str]]:
    """Return each table with all of its rows, as they are stored."""
    engine = create_engine(read_settings(server.environment).database_url)
    with engine.connect() as connection:
        for name in Base.metadata.tables:
            rows = connection.execute(text(f'SELECT * FROM "{name}"')).all()  # noqa: S608 - our names
            yield f"the table {name}", repr([tuple(row) for row in rows])
    engine.dispose()


def pages(server: Server, admin: Visitor) -> Iterator[tuple[str, str]]:
    """Return each page of the desk, and all that those lists link to, as the admin sees it."""
    app = create_app(read_settings(server.environment))
    rules = [one for one in app.url_map.iter_rules() if "GET" in (one.methods or ())]
    waiting = [one.rule for one in rules if not one.arguments and one.endpoint != "static"]
    on_request = [re.sub("<[^>]+>", "[^/]+", rule) for rule in ON_REQUEST]
    seen: set[str] = set()
    while waiting and len(seen) < 300:
        path = waiting.pop(0).partition("#")[0]
        if path in seen or any(re.fullmatch(one, path) for one in on_request):
            continue
        seen.add(path)
        page = admin.get(path)
        yield f"the page {path}", page
        waiting += [
            link for link in re.findall(r'href="(/[^"?#]*)"', page) if "/static/" not in link
        ]
    assert len(seen) > 40, seen


@pytest.mark.soak
def test_no_secret_is_found_in_plain(server: Server) -> None:
    secrets = Secrets()
    admin = set_up(server, secrets)
    token = use_tokens(server, secrets, admin)
    use_webhooks(server, secrets, admin, token)
    use_links(server, secrets, admin)
    use_customer_page(server, admin, Visitor(server, secrets), token)
    server.command("backup")
    folder = Path(server.environment["DATA_DIR"])
    for name, key in server.environment.items():
        if name == "SECRET_KEY" and key:
            secrets.keep("SECRET_KEY", key)
    for file in folder.glob("*secret*"):
        secrets.keep("the generated SECRET_KEY", file.read_text("utf-8").strip())
    for name, setting in SETTINGS.items():
        secrets.keep(name, setting)
    secrets.keep("the password of the mail server", MAIL_PASSWORD)
    kinds = set(secrets.values())
    assert len(kinds) == 24, kinds
    # What is no secret is found everywhere, so that the search is known to find something.
    seen = Secrets({ADMIN: "an address", "/api/orders": "a path"})
    places: list[tuple[str, str | bytes]] = [*pages(server, admin), *stored(server)]
    places.append(("the metrics", call(server, "/metrics", SETTINGS["METRICS_TOKEN"])))
    # What was deleted or replaced may still be in a page of the file, or in the write-ahead log.
    places.extend(
        (f"the file {file.name}", file.read_bytes())
        for file in folder.rglob("*")
        if file.is_file() and "secret" not in file.name
    )
    found = [one for where, content in places for one in secrets.in_plain(where, content)]
    assert not found, "\n".join(sorted(set(found)))
    controls = {one for where, content in places for one in seen.in_plain(where, content)}
    assert controls >= {
        "an address in the table staff_account",
        "an address in the page /settings/staff",
        "a path in the file server.log",
    }, controls
    assert list(Path(server.environment["BACKUP_TO"]).iterdir())
    assert any("address in the file shortorder.sqlite3" in one for one in controls), controls
