"""The code on the reference page does what the page describes, in every language."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orders.interfaces.reference.samples import LANGUAGES
from tests.processes.server import running
from tests.reference.service import FILE, PICTURE, Json, Operation, Service, id_of, unwrapped
from tests.reference.shown_code import ShownCode, program_of, run

NEEDED = {"shell", "python", "javascript"}
FILES = {"readConfigurationFile": FILE, "readThumbnail": PICTURE, "readPublicPicture": PICTURE}
# What a token list says of the token that asks may change while it asks.
# `warnings` are of one request: each language sends the same order number.
CHANGES_BY_ITSELF = {"lastUsedOn", "lastUsedAt", "warnings"}

every_language = pytest.mark.parametrize("language", [language.key for language in LANGUAGES])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("shown"), WORKERS="1") as server:
        org = server.command("org", "add", "Reader")["id"]
        made = server.command("token", "add", "--org", org, "--name", "x", "--private")
        service = Service(server.address, made["token"])
        service.document = service.send("GET", "/api/openapi.json").json()
        service.blocks = ShownCode(service.send("GET", "/docs/api").text).blocks
        yield service


@pytest.fixture(autouse=True)
def installed(request: pytest.FixtureRequest) -> None:
    """Skip languages that the machine does not have, but for those that every one has."""
    language = getattr(request.node, "callspec", None) and request.node.callspec.params["language"]
    if language and program_of(language) is None and language not in NEEDED:
        pytest.skip(f"{language} is not installed here")


def test_every_operation_is_shown_in_every_language(service: Service) -> None:
    names = {operation.name for operation in service.operations()}
    expected = {
        (name, language.key)
        for name in names | {"start-create", "start-read"}
        for language in LANGUAGES
    }
    assert set(service.blocks) == expected
    assert all(service.address in code for code in service.blocks.values())


@every_language
def test_the_code_does_what_the_page_describes(
    service: Service, language: str, tmp_path: Path
) -> None:
    for operation in service.operations():
        made = service.make(operation)
        code = with_real_ids(service.blocks[operation.name, language], operation, made)
        outcome = run(language, code, tmp_path, service.token)
        assert outcome.is_good, f"{operation.name}: {outcome.said}"
        if operation.name in FILES:
            check_file(operation, tmp_path, language, outcome.body)
        else:
            check(service, operation, made, unwrapped(outcome.body))


@every_language
def test_the_start_leads_to_an_order_that_is_found_again(
    service: Service, language: str, tmp_path: Path
) -> None:
    created = run(language, service.blocks["start-create", language], tmp_path, service.token)
    assert created.is_good, created.said
    reading = next(one for one in service.operations() if one.name == "readOrder")
    code = with_real_ids(service.blocks["start-read", language], reading, created.body)
    found = run(language, code, tmp_path, service.token)
    assert found.is_good, found.said
    # Each language sends the same order: the later ones are warned.
    assert found.body | {"warnings": []} == created.body | {"warnings": []}


@every_language
def test_a_refusal_is_shown_and_fails(service: Service, language: str, tmp_path: Path) -> None:
    outcome = run(language, service.blocks["createOrder", language], tmp_path, "so_prv_unknown")
    assert not outcome.is_good
    assert outcome.body["title"] == "Unauthorized", outcome.said


def with_real_ids(code: str, operation: Operation, made: dict[str, Json]) -> str:
    """Put what was made in place of the examples of the path, as the page asks people to."""
    for name, example in operation.examples.items():
        if name != "key":
            assert example in code
            real = made["thumbnail"].rpartition("/")[2] if name == "name" else id_of(made)
            code = code.replace(example, real)
    return code


def check_file(operation: Operation, folder: Path, language: str, printed: Json) -> None:
    expected = FILES[operation.name]
    if language == "javascript":  # it runs in browsers too, which write no files
        assert printed == len(expected)
        return
    # The code itself is the only other file, named `try.…`.
    [file] = [one for one in folder.iterdir() if one.stem != "try"]
    assert file.read_bytes() == expected
    file.unlink()


def check(service: Service, operation: Operation, made: dict[str, Json], body: Json) -> None:
    """Check what the code has printed against what is stored now."""
    if operation.kind == "openapi.json":
        assert body == service.document
    elif operation.path.endswith("/healthcheck"):
        assert body is True
    elif "{" in operation.path:
        status, stored = service.stored(operation, made)
        if operation.method == "DELETE":
            assert status == 404
            return
        assert stable(body) == stable(stored)
        is_change = operation.method in {"PUT", "POST"}
        before = {key: value for key, value in stable(made).items() if key in body}
        assert (stable(body) != before) == is_change, operation.name
    elif operation.method == "POST":
        assert id_of(body) != id_of(made)
        _, stored = service.stored(operation, body)
        stored.pop("warnings", None)  # each language sends the same order number
        assert stored == {key: body[key] for key in stored}
        sent = service.example(operation.path)
        assert {key: body[key] for key in sent} == sent
    else:
        lists = {key: value for key, value in body.items() if isinstance(value, list)}
        assert lists.pop("ignoredParameters") == []
        [entries] = lists.values()
        assert id_of(made) in {id_of(entry) for entry in entries}


def stable(thing: dict[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in thing.items() if key not in CHANGES_BY_ITSELF}
