"""The customer page shows pictures of the order's own lines only."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from orders.domain.inputs import Limits
from orders.domain.uploads import SentFile
from orders.interfaces.customer.blueprint import ConstantTimeAnswer
from orders.services.catalog import configurations
from orders.settings import Settings
from orders.storage.database import close
from tests.actors import Org
from tests.customer.conftest import CODE, UNKNOWN_CODE, Clock, PlaceOrder
from tests.uploads import PDF, PNG, SVG

ADDRESS = f"/o/{CODE}/pictures"


def save(app: Flask, org: Org, name: str, content: bytes, kind: str) -> str:
    """Save a configuration with a file as its thumbnail and return its ID."""
    raw = {"metadata": {"name": "Oslo chair"}, "attachments": {"thumbnail": name}}
    with app.app_context():
        new, files = configurations.check_configuration(
            raw, [SentFile("files", name, kind, content)], actor=org.actor(), limits=Limits()
        )
        store = app.extensions["files"]
        return configurations.create_configuration(
            new, files, actor=org.actor(), store=store, limits=Limits()
        ).id


@pytest.fixture
def placed(app: Flask, org: Org, place_order: PlaceOrder) -> None:
    """An order whose second line has a picture."""
    lines = [org.save("Plain", "P-1").id, save(app, org, "a.png", PNG, "image/png")]
    place_order(cart=[{"configurationId": line, "count": 1} for line in lines])


@pytest.mark.usefixtures("placed", "clock")
class TestPictures:
    def test_the_page_shows_it_to_anyone_with_the_code(self, client: FlaskClient) -> None:
        page = client.get(f"/o/{CODE}").text
        assert page.count("<img") == 1
        assert f'src="{ADDRESS}/2"' in page
        assert "/api/" not in page
        picture = client.get(f"{ADDRESS}/2")
        assert (picture.data, picture.mimetype) == (PNG, "image/png")
        assert picture.headers["Cache-Control"] == "no-store"
        assert picture.headers["Content-Security-Policy"].startswith("sandbox;")
        assert picture.headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize("path", ["1", "0", "3", "999999999999999999999"])
    def test_lines_without_a_picture_are_404(self, client: FlaskClient, path: str) -> None:
        assert client.get(f"{ADDRESS}/{path}").status_code == 404

    def test_unknown_and_mistyped_codes_are_answered_as_by_the_page(
        self, client: FlaskClient, clock: Clock
    ) -> None:
        missed = [
            client.get(f"/o/{code}/pictures/2") for code in (UNKNOWN_CODE, f"X{CODE[1:]}", "x")
        ]
        assert [answer.status_code for answer in missed] == [404] * 3
        assert len(clock.slept) == 3
        assert client.get(f"{ADDRESS}/1").status_code == 404
        assert len(clock.slept) == 4


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("a.svg", SVG, "image/svg+xml"), ("a.pdf", PDF, "application/pdf")],
)
def test_only_pictures_without_scripts_are_shown(
    app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder, name: str,
    content: bytes, kind: str,
) -> None:  # fmt: skip
    made = save(app, org, name, content, kind)
    place_order(cart=[{"configurationId": made, "count": 1}])
    assert "<img" not in client.get(f"/o/{CODE}").text
    assert client.get(f"{ADDRESS}/1").status_code == 404


@pytest.mark.usefixtures("placed")
def test_only_misses_count_for_the_rate_limit(settings: Settings, clock: Clock) -> None:
    other = create_app(replace(settings, lookup_limit="3 per minute"))
    other.extensions["constant_time_answer"] = ConstantTimeAnswer(0.0)
    client = other.test_client()
    assert [client.get(f"{ADDRESS}/2").status_code for _ in range(6)] == [200] * 6
    guesses = [client.get(f"/o/{UNKNOWN_CODE}/pictures/1").status_code for _ in range(5)]
    assert guesses == [404, 404, 404, 429, 429]
    with other.app_context():
        close()
