"""What real HTTP clients, browsers and proxies send besides plain JSON in one piece."""

import gzip
import json
import random
import zlib
from collections.abc import Callable
from typing import cast

import pytest

from tests.api.calls import Answer, Api

pytestmark = pytest.mark.one_database(
    reason="formats of requests; tests/api/test_create_order.py tests the SQL on both"
)

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
ORDER = json.dumps({"name": "Hall", "cart": [{"configurationId": SOFA, "count": 2}]}).encode()


def raw_deflate(body: bytes) -> bytes:
    """Return a body in deflate without zlib's header, as some clients send it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def post(api: Api, body: bytes, *, path: str = "/api/orders", **headers: str) -> Answer:
    """Send an order's body; underscores in the names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = named.pop("Content-Type", "application/json")
    answer = api.client.post(path, data=body, content_type=kind, headers={**api.headers, **named})
    return cast(Answer, answer)


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("GZIP", gzip.compress),
     ("deflate", zlib.compress), ("deflate", raw_deflate)],
)  # fmt: skip
def test_a_packed_body_is_unpacked(api: Api, coding: str, pack: Callable[[bytes], bytes]) -> None:
    made = post(api, pack(ORDER), Content_Encoding=coding)
    assert (made.status_code, made.json["name"]) == (201, "Hall")


def test_deflate_that_looks_as_if_it_had_a_header_is_unpacked(api: Api) -> None:
    for seed in range(5_000):
        note = "".join(random.Random(seed).choices("abcdefghij klmnop", k=300))  # noqa: S311 - no secrets
        order = json.dumps({"status": "List", "metadata": {"note": note}}).encode()
        packed = raw_deflate(order)
        if int.from_bytes(packed[:2], "big") % 31 == 0:
            assert post(api, packed, Content_Encoding="deflate").status_code == 201
            return
    pytest.fail("no such body among these")


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_packed_body_over_the_limit_is_413(api: Api, pack: Callable[[bytes], bytes]) -> None:
    coding = "gzip" if pack is gzip.compress else "deflate"
    answer = post(api, pack(b" " * 50_000_000), Content_Encoding=coding)
    assert answer.status_code == 413
    assert "1,048,576" in answer.json["detail"]


@pytest.mark.parametrize(
    "body", [b"", gzip.compress(ORDER)[:-9], gzip.compress(ORDER) + b"x", ORDER]
)
def test_a_body_that_is_not_what_its_coding_says_is_400(api: Api, body: bytes) -> None:
    assert post(api, body, Content_Encoding="gzip").status_code == 400


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress"])
def test_another_coding_is_415_and_names_those_that_are_taken(api: Api, coding: str) -> None:
    answer = post(api, ORDER, Content_Encoding=coding)
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "gzip, deflate")


def test_a_byte_order_mark_is_skipped(api: Api) -> None:
    assert post(api, b"\xef\xbb\xbf" + ORDER).status_code == 201


@pytest.mark.parametrize(
    "kind", ["application/json-patch+json", "application/problem+json", "application/ld+json"]
)
def test_another_format_that_is_written_in_json_is_415(api: Api, kind: str) -> None:
    assert post(api, ORDER, Content_Type=kind).status_code == 415


def test_a_slash_at_the_end_is_the_same_address(api: Api) -> None:
    made = post(api, ORDER, path="/api/orders/").json
    assert api.call("GET", f"/orders/{made['shortId']}/").json == made
    assert api.call("GET", "/orders/").json["count"] == 1
    assert api.call("GET", "/orders/healthcheck/").json is True


@pytest.mark.parametrize("name", ["orders", "configurations", "webhooks", "accesstokens"])
def test_each_health_check_of_the_platforms_client_answers_true(api: Api, name: str) -> None:
    answer = api.client.get(f"/api/{name}/healthcheck")
    assert (answer.status_code, answer.json) == (200, True)
    # As its client sends it.
    query = {"bearer_token": api.secret, "cacheScope": "x"}
    assert api.client.get(f"/api/{name}/healthcheck", query_string=query).json is True


PAGE = "https://shop.example"


def refused_before_the_view(api: Api) -> list[Answer]:
    """Send what is refused before the token is looked at, one request for each status."""
    client, headers = api.client, api.headers
    chunked = {**headers, "Transfer-Encoding": "chunked"}
    answers = [
        client.get("/api/nothing", headers=headers),
        client.open("/api/orders", method="PATCH", headers=headers),
        client.post("/api/orders", data=b"x" * 1_100_000, headers=headers),
        client.post("/api/orders", data=ORDER, content_type="text/plain", headers=headers),
        client.post("/api/orders", headers=chunked),
        client.get("/api/orders"),
    ]
    return [cast(Answer, answer) for answer in answers]


def test_a_page_can_read_every_refusal(public_api: Api) -> None:
    answers = refused_before_the_view(public_api)
    assert [answer.status_code for answer in answers[:5]] == [404, 405, 413, 415, 411]
    for answer in answers[:5]:
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


def test_a_foreign_page_and_a_private_token_can_read_none(public_api: Api, api: Api) -> None:
    public_api.headers["Origin"] = "https://elsewhere.example"
    api.headers["Origin"] = PAGE
    for answer in (*refused_before_the_view(public_api), *refused_before_the_view(api)[:5]):
        assert answer.status_code >= 400
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "names",
    ["content-type,sentry-trace,baggage", "traceparent, tracestate, x-datadog-trace-id",
     "x-requested-with,cache-control,prefer,x-request-id,authorization"],
)  # fmt: skip
def test_a_preflight_allows_the_headers_that_it_names(public_api: Api, names: str) -> None:
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    answer = public_api.client.options(
        "/api/orders", headers={**asked, "Access-Control-Request-Headers": names}
    )
    assert answer.headers["Access-Control-Allow-Headers"] == names
    unknown = public_api.client.options("/api/order", headers=asked)
    assert unknown.headers["Access-Control-Allow-Origin"] == PAGE
    none_named = public_api.client.options("/api/orders", headers=asked)
    assert "If-Match" in none_named.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "tag", ['W/"1"', '"1-gzip"', 'W/"1--gzip"', '"1;gzip"', '"0", W/"1-br"', '"1"', "*"]
)
def test_a_tag_that_a_proxy_has_changed_names_its_version(api: Api, tag: str) -> None:
    made = post(api, ORDER).json
    path = f"/orders/{made['id']}"
    assert api.call("GET", path, headers={"If-None-Match": tag}).status_code == 304
    assert api.call("PUT", path, {"name": "Foyer"}, headers={"If-Match": tag}).status_code == 200
    if tag != "*":
        stale = api.call("PUT", path, {"name": "Room"}, headers={"If-Match": tag})
        assert stale.status_code == 412


def test_a_large_answer_is_compressed_when_asked_for(api: Api) -> None:
    for _ in range(10):
        post(api, ORDER)
    plain = api.call("GET", "/orders")
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == "Origin, Accept-Encoding"
    packed = api.client.get("/api/orders", headers={**api.headers, "Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.data)) == plain.json
    unwanted = {**api.headers, "Accept-Encoding": "gzip;q=0"}
    assert "Content-Encoding" not in api.client.get("/api/orders", headers=unwanted).headers
    small = api.client.get(
        "/api/orders?perPage=1", headers={**api.headers, "Accept-Encoding": "gzip"}
    )
    assert "Content-Encoding" not in small.headers


def test_a_compressed_order_keeps_its_version(api: Api) -> None:
    made = api.create({"metadata": {"note": "word " * 2000}, "status": "List"}).json
    headers = {**api.headers, "Accept-Encoding": "gzip"}
    packed = api.client.get(f"/api/orders/{made['id']}", headers=headers)
    assert packed.headers["ETag"] == 'W/"1"'
    path = f"/orders/{made['id']}"
    changed = api.call("PUT", path, {"name": "Hall"}, headers={"If-Match": packed.headers["ETag"]})
    assert changed.status_code == 200
