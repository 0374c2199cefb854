"""Generated bad requests to every route: no 5xx, no traceback, no trace, no large answer.

Refused is what is answered by 4xx, or sent to the sign-in: its answer has at most 64 KB, or twice
the size of the request if that is more. A page that a signed-in person asks for
may be as large as it is; so may what the API answers to a request that it accepts.
"""

import os
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.settings import Settings
from tests.actors import Org
from tests.fuzz.bad_requests import Campaign, Traces, report

MANY = int(os.environ.get("BAD_REQUESTS", "10000"))  # on each database
# Rows pile up with the requests that are accepted, and each write is compared.
BATCH = 1_000


# A form that breaks off in a file leaves its temporary file to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def traces(settings: Settings) -> Iterator[Traces]:
    traces = Traces(settings.database_url, settings.data_dir)
    yield traces
    traces.close()


def check(campaign: Campaign, count: int) -> None:
    faults = campaign.run(count)
    assert not faults, f"{len(faults)} faults\n" + "\n".join(report(one) for one in faults)
    assert campaign.refused > count / 4


@pytest.mark.one_database(reason="the long form uses both")
def test_some_bad_requests(app: Flask, org: Org, other_org: Org, traces: Traces) -> None:
    check(Campaign(app, org, other_org, traces, seed=1), 250)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 2 + MANY // BATCH))
def test_many_bad_requests(app: Flask, org: Org, other_org: Org, traces: Traces, seed: int) -> None:
    check(Campaign(app, org, other_org, traces, seed), BATCH)


@pytest.mark.one_database(reason="the form is refused before any SQL")
@pytest.mark.parametrize("file", ["", '; filename="a.csv"'])
def test_a_form_with_a_part_without_a_name_is_refused(client: FlaskClient, file: str) -> None:
    form = f"--b\r\nContent-Disposition: form-data{file}\r\n\r\n1\r\n--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    answer = client.post("/forgot-password", data=form, content_type=kind)
    assert answer.status_code == 400
    assert "its parts are not separated correctly" in answer.text
