"""Methods, types, values and headers that few clients send, for generated bad requests."""

from typing import Any

from tests.bad_orders import CHAIR

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW")
TYPES = (
    "application/json", "application/x-www-form-urlencoded", "text/plain", "text/xml",
    "application/json; charset=utf-16", "application/octet-stream", "multipart/form-data", "", ";",
    "application/x-www-form-urlencoded; charset=\xff", "multipart/form-data; boundary=\"a b",
)  # fmt: skip
ODD = (
    "", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\u202eabc", "9" * 400, "-1", "1e999",
    "NaN", "0x10", "٣", "1,5", "true", "null", "[]", "{}", "../../etc/passwd", "%00", "%2e%2e%2f",
    "<b>&\"'",     "=1+1", "\r\nSet-Cookie: a=b", "x" * 5_000, "2026-02-30", "9999-12-31T23:59:60Z",
    "0001-01-01", "10000-01-01", CHAIR, "00000000-0000-4000-8000-000000000000", "\u00e9" * 300,
    "a@b@c", "💥", "\x1b[31m",
    "on", "1", "-0", "9223372036854775808", "ABCDEF", "*", "javascript:alert(1)", "//evil.example",
    "http://127.0.0.1:1/", "\ufeff", "\u2028",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    *ODD, None, True, False, 0, -1, 1.5, 1e308, 10**30, -(10**400), [], {}, [[]], {"": ""}, [None],
    {"\x00": "\ud800"}, [1, "a", None], {"name": {"name": {"name": []}}},
)  # fmt: skip
HEADERS = {
    "Accept-Language": ("de", "xx-\xff", "de;q=x", "a," * 2_000, "*", ""),
    "If-Match": ("*", '"1"', '"', 'W/"1"', "9" * 400, '"\xff"', ",,,"),
    "Idempotency-Key": ("a", "", "\xff", "k" * 300, "two keys"),
    "Range": ("bytes=0-", "bytes=9-1", "bytes=" + "0-1," * 500, "lines=1"),
    "Cookie": ("shortorder=x", "shortorder=" + "a." * 500, "=;;=", "\xff=\xfe", "language=../.."),
    "HX-Request": ("true", "\xff"),
    "Origin": ("https://shop.example", "null", "https://evil.example", "\xff"),
    "Sec-Fetch-Site": ("cross-site", "same-origin", "odd"),
    "Host": ("localhost", "evil.example", "", "a b", "[::1", "localhost:99999999"),
    "Accept": ("*/*", "application/json", "\xff", "text/html;q=nan"),
    "Authorization": ("Bearer", "Basic OjpY", "Bearer \xff", "Bearer " + "x" * 3_000),
    "X-Forwarded-For": ("1.2.3.4", "\xff", "::1, " * 200),
    "If-None-Match": ("*", '"x"'),
    "If-Modified-Since": ("never", "Thu, 01 Jan 99999 00:00:00 GMT"),
    "Content-Encoding": ("gzip", "br"),
    "X-CSRFToken": ("x", "\xff"),
}
