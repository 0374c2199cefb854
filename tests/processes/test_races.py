"""Several clients at the same moment, against several processes of the server."""

import contextlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from orders.settings import PROJECT
from tests.postgres import new_database
from tests.processes.calls import LINE, POSTS, call
from tests.processes.server import Server, running

CLIENTS = 2  # processes
ROUNDS = 20
MANY_ROUNDS = 200


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with contextlib.ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(new_database(request.getfixturevalue("postgres"), "races"))
        folder = tmp_path_factory.mktemp("races")
        yield stack.enter_context(running(folder, url, WORKERS="2"))


@pytest.fixture
def secret(server: Server) -> str:
    org = server.command("org", "add", "Races")["id"]
    return server.command("token", "add", "--org", org, "--name", "n", "--private")["token"]


in_few_and_many_rounds = pytest.mark.parametrize(
    "rounds", [ROUNDS, pytest.param(MANY_ROUNDS, marks=pytest.mark.soak)]
)


CLIENT = """
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from tests.processes.calls import LINE, POSTS, call

server, secret = SimpleNamespace(address=sys.argv[1]), sys.argv[2]

def post(_):
    status, order, _ = call(
        server, secret, "POST", "/api/orders", {"name": "once", "cart": [LINE]},
        Idempotency_Key="the-same",
    )
    return f"{status} {order.get('id', order)}"

with ThreadPoolExecutor(8) as pool:
    print("\\n".join(pool.map(post, range(POSTS))))
"""


def test_two_processes_that_post_one_key_200_times_at_once_make_one_order(
    server: Server, secret: str
) -> None:
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", CLIENT, server.address, secret],
            cwd=PROJECT, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(CLIENTS)
    ]  # fmt: skip
    answers = Counter[str]()
    for client in clients:
        printed, _ = client.communicate(timeout=300)
        answers.update(printed.split("\n")[:-1])
    assert sum(answers.values()) == CLIENTS * POSTS
    assert len(answers) == 1, answers
    assert next(iter(answers)).startswith("201 ")
    assert call(server, secret, "GET", "/api/orders")[1]["count"] == 1


@in_few_and_many_rounds
def test_of_two_editors_with_one_etag_one_wins_and_nothing_is_lost(
    server: Server, secret: str, rounds: int
) -> None:
    _, order, etag = call(server, secret, "POST", "/api/orders", {"cart": [LINE]})
    path = f"/api/orders/{order['shortId']}"

    def edit(changes: dict[str, object]) -> tuple[int, Any, str]:
        return call(server, secret, "PUT", path, changes, If_Match=etag)

    expected = {"name": None, "customerId": None}
    with ThreadPoolExecutor(2) as pool:
        for at in range(rounds):
            changes = [{"name": f"name {at}"}, {"customerId": f"customer {at}"}]
            answers = list(pool.map(edit, changes))
            assert sorted(status for status, _, _ in answers) == [200, 412]
            winner = answers[0][0] == 412
            expected.update(changes[winner])  # type: ignore[arg-type]  # texts and null
            status, now, etag = call(server, secret, "GET", path)
            assert (status, now["name"], now["customerId"]) == (200, *expected.values())
            assert now == answers[winner][1]


@in_few_and_many_rounds
def test_editors_of_different_fields_without_etag_keep_each_others_change(
    server: Server, secret: str, rounds: int
) -> None:
    _, order, _ = call(server, secret, "POST", "/api/orders", {"status": "List"})
    path = f"/api/orders/{order['shortId']}"
    with ThreadPoolExecutor(8) as pool:
        added = [
            pool.submit(call, server, secret, "POST", f"{path}/cart", [LINE]) for _ in range(rounds)
        ]
        renamed = pool.submit(call, server, secret, "PUT", path, {"name": "Hall"})
        assert {one.result()[0] for one in [*added, renamed]} == {200}
    _, now, _ = call(server, secret, "GET", path)
    assert (now["name"], len(now["cart"])) == ("Hall", rounds)
