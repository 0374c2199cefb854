"""Calls that save configurations, with and without files, and what is stored afterwards."""

import json
from pathlib import Path
from typing import Any, cast

from flask import Flask
from sqlalchemy import func, select

from orders.settings import Settings
from orders.storage import database, tables
from tests.api.calls import Answer, Api
from tests.uploads import KIND, Form

PRODUCT = "e5d536ec-e89c-46fc-8773-7e54ba70517a"
WHOLE: dict[str, Any] = {
    "shortId": "46Juzcyx",
    "productId": PRODUCT,
    "productVersion": "v 2",
    "variant": {"Wood": "Oak", "Legs": {"assetId": PRODUCT}, "Count": 3, "Sizes": [1, 2.5, None]},
    "metadata": {"name": "Oslo chair", "sku": "OSL-1", "nested": {"zz": 1, "aa": [True]}},
    "customerId": "C-1",
    "identifier": "basket-9",
    "scope": "web",
    "sceneGraphState": {"nodes": [{"id": 1}]},
    "sessionId": "s-1",
    "publishFileId": "p-1",
    "creator": "designer",
    "thumbnail": "https://shop.example/x.png",
    "attachments": {"drawing": "drawing.pdf"},
}


def create(api: Api, body: object, **options: Any) -> Answer:  # noqa: ANN401 - the test client's own options
    answer = api.client.post(
        "/api/configurations", data=json.dumps(body), content_type="application/json",
        headers=api.headers, **options,
    )  # fmt: skip
    return cast(Answer, answer)


def send(api: Api, form: Form, **headers: str) -> Answer:
    answer = api.client.post(
        "/api/configurations", data=form.body(), content_type=KIND,
        headers={**api.headers, **headers},
    )  # fmt: skip
    return cast(Answer, answer)


def read(api: Api, path: str, **headers: str) -> Any:  # noqa: ANN401 - the test client's answer
    return api.client.get(f"/api/configurations/{path}", headers={**api.headers, **headers})


def errors_by_path(answer: Answer) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    assert answer.mimetype == "application/problem+json"
    return {error["path"]: error["message"] for error in answer.json["errors"]}


def saved(app: Flask) -> int:
    with app.app_context(), database.read() as connection:
        count = select(func.count()).select_from(tables.configuration)
        return int(connection.execute(count).scalar_one())


def stored(settings: Settings) -> list[Path]:
    """Return every file that lies in the store, half-written ones too."""
    return [place for place in (settings.data_dir / "files").rglob("*") if place.is_file()]
