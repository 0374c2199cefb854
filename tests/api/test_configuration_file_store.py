"""What the file store keeps: within limits, once, and nothing from refused or failed requests."""

from dataclasses import replace

import pytest
from flask import Flask

from orders.domain.errors import ServiceBusy
from orders.services.files import FileStore
from orders.settings import Settings
from tests.api.calls import Api
from tests.api.configuration_calls import create, errors_by_path, read, saved, send, stored
from tests.uploads import KIND, PNG, Form


class TestLimits:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        small = replace(settings.limits, files=2, file_bytes=100, upload_bytes=4000, body_bytes=600)
        return replace(settings, limits=small)

    def test_a_file_has_a_size(self, app: Flask, api: Api, settings: Settings) -> None:
        assert len(PNG) <= 100
        assert send(api, Form().file("files", "a.txt", b"x" * 100)).status_code == 201
        answer = send(api, Form().file("files", "a.txt", b"x" * 101))
        assert errors_by_path(answer) == {"files.0": "At most 100 bytes; this has 101."}
        assert len(stored(settings)) == saved(app) == 1

    def test_there_are_only_so_many_files(self, api: Api) -> None:
        form = Form()
        for number in range(3):
            form.file("files", f"{number}.txt", b"x")
        assert errors_by_path(send(api, form)) == {"files": "At most 2 files; this has 3."}

    def test_a_form_may_be_larger_than_json(self, api: Api) -> None:
        form = Form().file("files", "a.txt", b"x" * 90).text("sceneGraphState", "x" * 1000)
        assert len(form.body()) > 600
        assert send(api, form).status_code == 201
        assert create(api, {"sceneGraphState": "x" * 1000}).status_code == 413
        order = api.client.post(
            "/api/orders", data=form.body(), content_type=KIND, headers=api.headers
        )
        assert order.status_code == 413

    def test_but_not_larger_than_its_own_limit(self, app: Flask, api: Api) -> None:
        answer = send(api, Form().file("files", "a.txt", b"x" * 4000))
        assert answer.status_code == 413
        assert "At most 4,000 bytes" in answer.json["detail"]
        assert saved(app) == 0


def test_a_short_id_that_is_taken_leaves_no_file(app: Flask, api: Api, settings: Settings) -> None:
    assert create(api, {"shortId": "chair-01"}).status_code == 201
    form = Form().text("shortId", "chair-01").file("files", "a.png", PNG)
    assert send(api, form).status_code == 409
    assert stored(settings) == []
    assert saved(app) == 1


def test_a_store_that_fails_leaves_nothing(
    app: Flask, api: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second of two files cannot be written.
    put = FileStore.put
    names: list[str] = []

    def fail(store: FileStore, name: str, content: bytes) -> None:
        names.append(name)
        if len(names) > 1:
            raise ServiceBusy("The file store cannot be written. Please try again.")
        put(store, name, content)

    monkeypatch.setattr(FileStore, "put", fail)
    form = Form().file("files", "a.png", PNG).file("files", "b.png", PNG)
    answer = send(api, form)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert len(names) == 2
    assert stored(settings) == []
    assert saved(app) == 0


def test_a_folder_that_cannot_be_written_is_503(app: Flask, api: Api, settings: Settings) -> None:
    (settings.data_dir / "files").write_text("not a folder")
    answer = send(api, Form().file("files", "a.png", PNG))
    assert answer.status_code == 503
    assert saved(app) == 0


def test_a_file_that_is_gone_is_404_and_a_broken_store_503(api: Api, settings: Settings) -> None:
    made = send(api, Form().file("files", "a.png", PNG)).json
    [place] = stored(settings)
    place.unlink()
    assert read(api, f"{made['id']}/files/a.png").status_code == 404


def test_a_repeat_stores_no_file_again(app: Flask, api: Api, settings: Settings) -> None:
    form = Form().file("files", "a.png", PNG)
    first = send(api, form, **{"Idempotency-Key": "key"})
    again = send(api, form, **{"Idempotency-Key": "key"})
    assert again.json == first.json
    assert len(stored(settings)) == saved(app) == 1
    other = Form().file("files", "a.png", PNG + b" ")
    assert errors_by_path(send(api, other, **{"Idempotency-Key": "key"})).keys() == {
        "Idempotency-Key"
    }
    assert len(stored(settings)) == 1
