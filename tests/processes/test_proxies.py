"""The samples in `deploy/`: the service below a path, behind nginx and behind Caddy."""

import getpass
import json
import os
import re
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from app import create_app
from orders.interfaces.http.self_check import PATH, new_key
from orders.settings import PROJECT, read_settings
from orders.storage import database
from tests.actors import PASSWORD, make_org
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.postgres import free_port
from tests.processes.server import PATIENCE, Server, die_with_parent, running
from tests.uploads import WEBP

pytestmark = pytest.mark.soak
DEPLOY = PROJECT / "deploy"
NOT_SEEN = "203.0.113.7"  # what a client says of itself
ANY_CERTIFICATE = ssl._create_unverified_context()  # noqa: S323 - of this test's own proxy


def which(program: str) -> str:
    """Return the path of a program, which must be installed."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"Install Debian's package {program}."
    return found


def nginx(folder: Path, port: int, service: int) -> list[str]:
    """Write the configuration of nginx as the docs tell; return the command."""
    sample = (DEPLOY / "nginx.conf").read_text("utf-8")
    subprocess.run(
        [which("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes",
         "-subj", "/CN=localhost", "-keyout", folder / "key", "-out", folder / "certificate"],
        check=True, capture_output=True,
    )  # fmt: skip
    for old, new in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "listen 80": f"listen 127.0.0.1:{free_port()}",
        "desk.example.com;": "localhost;", "location / {": "location /desk/ {",
        "/etc/ssl/desk.example.com.pem": str(folder / "certificate"),
        "/etc/ssl/private/desk.example.com.key": str(folder / "key"),
        "127.0.0.1:8000": f"127.0.0.1:{service}",
    }.items():  # fmt: skip
        assert old in sample
        sample = sample.replace(old, new)
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"user {getpass.getuser()}; pid {folder}/pid; error_log stderr; daemon off; events {{}}"
        f" http {{ access_log off; {paths} {sample} }}"
    )
    return [which("nginx"), "-c", str(folder / "nginx.conf"), "-p", str(folder)]


def caddy(folder: Path, port: int, service: int) -> list[str]:
    """Write the configuration of Caddy as the docs tell; return the command."""
    sample = (DEPLOY / "Caddyfile").read_text("utf-8")
    for old, new in {
        "\ndesk.example.com {": f"\nlocalhost:{port} {{", "127.0.0.1:8000": f"127.0.0.1:{service}",
        "\thandle {": "\t@desk path /desk /desk/*\n\thandle @desk {",
    }.items():  # fmt: skip
        assert old in sample
        sample = sample.replace(old, new)
    options = (
        "admin off", "skip_install_trust", "auto_https disable_redirects",
        f"storage file_system {folder}/data",
    )  # fmt: skip
    (folder / "Caddyfile").write_text("{\n\t" + "\n\t".join(options) + "\n}\n" + sample)
    return [which("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@contextmanager
def proxied(
    folder: Path, command: Callable[[Path, int, int], list[str]]
) -> Iterator[tuple[str, Server]]:
    """Serve behind a proxy until the block ends; yield the public address, and the server."""
    port = free_port()
    address = f"https://localhost:{port}/desk"
    (folder / "data").mkdir()
    (folder / "proxy").mkdir()
    settings = {"PUBLIC_URL": address, "TRUSTED_PROXIES": "1", "WORKERS": "1"}
    with running(folder / "data", **settings) as server:
        arguments = command(folder / "proxy", port, server.port)
        with (folder / "proxy.log").open("wb") as log:
            proxy = subprocess.Popen(
                arguments, stdout=log, stderr=log, preexec_fn=die_with_parent,  # noqa: PLW1509 - no locks are held here
            )  # fmt: skip
        try:
            ends = time.monotonic() + PATIENCE
            while True:
                try:
                    assert get(f"{address}/livez")[0] == 200
                    break
                except OSError:
                    assert time.monotonic() < ends, (folder / "proxy.log").read_text("utf-8")
                    time.sleep(0.1)
            yield address, server
        finally:
            proxy.terminate()
            proxy.wait(timeout=PATIENCE)


def get(
    address: str, data: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers, and body of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address, data, named)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=30, context=ANY_CERTIFICATE) as answer:  # noqa: S310
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


def place_order(address: str, email: str) -> None:
    """Sign in and place an order in a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_context(ignore_https_errors=True).new_page()
        problems: list[str] = []
        page.on("console", lambda line: problems.append(line.text))
        page.goto(f"{address}/orders/new")
        page.fill("[name=email]", email)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.fill("#name", "Reception")
        page.fill("#cart-0-configurationId", "OSL-CH-01")
        page.press("#name", "Control+Enter")
        expect(page.locator(".code").first).to_be_visible(timeout=20_000)
        assert page.url.startswith(f"{address}/")
        assert not [line for line in problems if "error" in line.lower()], problems
        browser.close()


@pytest.mark.parametrize("command", [nginx, caddy])
def test_an_order_is_placed_below_a_path_behind_a_proxy(
    tmp_path: Path, command: Callable[[Path, int, int], list[str]]
) -> None:
    with proxied(tmp_path, command) as (address, server):
        settings = read_settings(server.environment)
        app = create_app(settings)
        org = make_org(app, "Workshop")
        org.staff()
        org.save("Oslo chair", "OSL-CH-01")
        with app.app_context():
            database.close()
        token = f"Bearer {org.private.secret}"

        # The real address, scheme, and host arrive, and not what a client says of them.
        status, _, seen = get(
            address + PATH, Authorization=f"Bearer {new_key(settings.secret_key)}",
            X_Forwarded_For=NOT_SEEN, X_Forwarded_Host="evil.example", X_Forwarded_Prefix="/evil",
        )  # fmt: skip
        assert status == 200
        assert b'"client":"127.0.0.1"' in seen
        assert NOT_SEEN not in seen.decode()
        assert f'"address":"{address.removesuffix("desk")}"' in seen.decode()
        status, headers, page = get(f"{address}/sign-in", Accept_Encoding="gzip, br")
        assert "content-encoding" not in headers
        assert "Path=/desk" in headers["set-cookie"]
        assert "__Secure-shortorder" in headers["set-cookie"]
        asset = re.search(rb'href="(/desk/static/desk.css[^"]*)"', page)
        assert asset is not None
        root = address.removesuffix("/desk")
        assert get(root + asset[1].decode(), Accept_Encoding="br")[1]["content-encoding"] == "br"

        # The service itself refuses what is too large, and takes what is not; a picture stays one.
        too_large = b"x" * (settings.limits.upload_bytes + 2_000_000)
        status, headers, _ = get(f"{address}/api/orders", too_large, Authorization=token)
        assert status == 413
        assert headers["content-type"] == "application/problem+json"
        part = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        picture = b'; filename="a.webp"\r\nContent-Type: image/webp'
        sent = part % (b"variant", b"", b'{"Wood": "Oak"}') + part % (b"thumbnail", picture, WEBP)
        status, headers, made = get(
            f"{address}/api/configurations", sent + b"--b--\r\n", Authorization=token,
            Content_Type="multipart/form-data; boundary=b",
        )  # fmt: skip
        assert status == 201, made
        assert headers["location"].startswith("/desk/api/configurations/")
        shown = json.loads(made)["thumbnail"]
        assert shown.startswith(f"{address}/api/files/hash/")
        status, headers, picture = get(shown, Authorization=token)
        assert (status, headers["content-type"], picture) == (200, "image/webp", WEBP)
        place_order(address, org.email)
