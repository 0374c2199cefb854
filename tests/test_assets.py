"""Static files are cached by browsers for as long as their URL is valid, and compressed."""

import gzip
import tempfile
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import Environment

from orders.interfaces.http.application import compile_pages, start_pages
from orders.interfaces.http.assets import asset
from orders.settings import PROJECT
from tests.html import attribute

SHEET = (PROJECT / "static" / "desk.css").read_bytes()


@pytest.fixture
def address(app: Flask) -> str:
    with app.test_request_context("/"):
        return asset("desk.css")


def test_the_address_of_the_content_is_kept_and_no_other(client: FlaskClient, address: str) -> None:
    assert client.get(address).headers["Cache-Control"].endswith("immutable")
    for other in ("/static/desk.css", "/static/desk.css?v=0123456789", "/static/desk.css?v="):
        assert client.get(other).headers["Cache-Control"] == "no-cache"
    assert client.get("/static/../app.py").status_code == 404


def test_it_is_sent_in_the_encoding_that_is_asked_for(client: FlaskClient, address: str) -> None:
    plain = client.get(address)
    assert "Content-Encoding" not in plain.headers
    assert plain.data == SHEET
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == SHEET
    assert len(packed.data) < len(SHEET) / 3
    assert (
        client.get(address, headers={"Accept-Encoding": "br"}).headers["Content-Encoding"] == "br"
    )
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.vary
        again = {"If-None-Match": answer.headers["ETag"], "Accept-Encoding": "gzip"}
        with client.get(address, headers=again) as known:
            assert known.status_code == 304


def test_pages_with_a_secret_are_not_compressed(staff_client: FlaskClient) -> None:
    answer = staff_client.get("/orders", headers={"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in answer.headers
    assert attribute(answer.text, "[name=csrf_token]", "value")


def test_the_server_compiles_every_page_before_somebody_asks(app: Flask) -> None:
    names = set(app.jinja_env.list_templates(extensions=["html"]))
    assert "desk/order_form.html" in names
    compile_pages(app)
    assert app.jinja_env.cache is not None
    assert {name for _, name in app.jinja_env.cache} == names


def some_page(folder: Path) -> str:
    app = Flask("pages", template_folder=str(folder))
    start_pages(app)
    compile_pages(app)
    return app.jinja_env.get_template("a.html").render()


def test_a_page_is_compiled_at_the_first_start_and_after_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    compiling = Environment.compile

    def count(self: Environment, source: str, name: str, filename: str) -> object:
        compiled.append(name)
        return compiling(self, source, name, filename)

    monkeypatch.setattr(Environment, "compile", count)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "a.html").write_text("one", "utf-8")
    assert [some_page(tmp_path), some_page(tmp_path)] == ["one", "one"]
    assert compiled == ["a.html"]
    (tmp_path / "a.html").write_text("two", "utf-8")
    assert some_page(tmp_path) == "two"


def test_without_a_folder_for_compiled_pages_the_server_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.html").write_text("one", "utf-8")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert some_page(tmp_path) == "one"


def test_a_full_disk_stops_no_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.html").write_text("one", "utf-8")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    assert some_page(tmp_path) == "one"
