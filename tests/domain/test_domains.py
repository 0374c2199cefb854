"""On which pages a public token works."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.domains import BadDomain, check_domain, is_allowed, origin_host, referer_host

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
hosts = st.lists(labels, min_size=1, max_size=4).map(".".join)

EXACT, WILD, PORT, WILD_PORT = (
    "example.com",
    "*.example.com",
    "example.com:8080",
    "*.example.com:443",
)


def allowed_by(origin: str) -> set[str]:
    """Return which of the four kinds of entry allow an origin."""
    found = origin_host(origin)
    if found is None:
        return set()
    return {entry for entry in (EXACT, WILD, PORT, WILD_PORT) if is_allowed(*found, [entry])}


@pytest.mark.parametrize(
    ("origin", "entries"),
    [
        ("https://example.com", {EXACT}),
        ("http://example.com", {EXACT}),
        ("https://example.com:444", {EXACT}),
        ("https://example.com:8080", {EXACT, PORT}),
        ("http://example.com:8080", {EXACT, PORT}),
        ("https://www.example.com", {WILD, WILD_PORT}),
        ("https://a.b.example.com", {WILD, WILD_PORT}),
        ("http://www.example.com", {WILD}),
        ("http://www.example.com:443", {WILD, WILD_PORT}),
        ("HTTPS://WWW.Example.COM", {WILD, WILD_PORT}),
        ("https://badexample.com", set()),
        ("https://bad-example.com", set()),
        ("https://example.com.evil.org", set()),
        ("https://example.comevil.org", set()),
        ("https://www.example.com.evil.org", set()),
        ("https://example.org", set()),
        ("https://com", set()),
        ("https://xn--exmple-cua.com", set()),
        ("https://xn--bcher-kva.example.com", {WILD, WILD_PORT}),
    ],
)
def test_an_entry_means_its_host_or_every_subdomain_and_only_a_given_port(
    origin: str, entries: set[str]
) -> None:
    assert allowed_by(origin) == entries


@pytest.mark.parametrize(
    "origin",
    ["", "null", "NULL", "*", "example.com", "//example.com", "https://", "https:example.com",
     "https:/example.com", "ftp://example.com", "file://", "chrome-extension://example.com",
     "https://example.com/", "https://example.com?", "https://example.com#", "https://example.com/x",
     "https://user@example.com", "https://user:x@example.com", "https://example.com@evil.org",
     "https://example.com\\@evil.org", "https://evil.org\\.example.com", "https:\\\\example.com",
     "https://example.com:", "https://example.com:0", "https://example.com:65536",
     "https://example.com:-1", "https://example.com:\uff18\uff10", "https://example.com:80:80",
     "https://example.com.", "https://.example.com", "https://www..example.com", "https://-x.example.com",
     " https://example.com", "https://example.com ", "https://exam ple.com", "https://example.com\n",
     "https://exam\nple.com", "https://exam\tple.com", "https://example.com\0", "https://\0example.com",
     "https://ex%61mple.com", "https://exämple.com", "https://exampl\u0435.com", "https://example。com",
     "https://example.com,https://evil.org", "https://example.com https://evil.org",
     "https://[::1", "https://[example.com]", "https://[:::]", "https://[1.2.3.4]", "https://::1",
     f"https://{'a' * 64}.example.com", f"https://{'a.' * 127}example.com", "https://*.example.com"],
)  # fmt: skip
def test_an_origin_that_no_browser_sends_names_no_host(origin: str) -> None:
    assert origin_host(origin) is None


def test_the_default_port_of_the_scheme_applies() -> None:
    assert origin_host("https://example.com") == ("example.com", 443)
    assert origin_host("http://example.com") == ("example.com", 80)
    assert origin_host("http://localhost:3000") == ("localhost", 3000)


def test_addresses_are_hosts_too_but_have_no_subdomains() -> None:
    assert origin_host("http://[::1]:8000") == ("[::1]", 8000)
    assert origin_host("http://127.0.0.1:8000") == ("127.0.0.1", 8000)
    assert is_allowed("[::1]", 8000, [check_domain("[::1]:8000")])
    assert not is_allowed("127.0.0.1", 80, ["127.0.0.2", "*.example.com"])
    for entry in ("*.0.0.1", "*.127.0.0.1", "*.[::1]"):
        with pytest.raises(BadDomain, match="wildcard"):
            check_domain(entry)


@pytest.mark.parametrize(
    ("referer", "found"),
    [
        ("https://shop.example/sofa?size=2#top", ("shop.example", 443)),
        ("https://shop.example", ("shop.example", 443)),
        ("https://shop.example?x=/\\@evil.org", ("shop.example", 443)),
        ("http://Shop.Example:8080/caf\u00e9", ("shop.example", 8080)),
        ("https://user@shop.example/", None),
        ("https://shop.example@evil.org/", None),
        ("https://shop.example\\@evil.org/", None),
        ("https://shop.example:443evil.org/", None),
        ("https://shop.exa\nmple/", None),
        ("\thttps://shop.example/", None),
        ("https://shop.example\n/", None),
        ("https://shop.example/\n", None),
        ("https://shop.example/\0", None),
        ("https://shop.example /", None),
        ("https://shop.example./", None),
        ("/sofa", None),
        ("", None),
        ("about:blank", None),
    ],
)
def test_a_referer_is_read_as_strictly_as_an_origin(
    referer: str, found: tuple[str, int] | None
) -> None:
    assert referer_host(referer) == found


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("shop.example", "shop.example"),
        (" Shop.Example ", "shop.example"),
        ("*.Shop.example:8443", "*.shop.example:8443"),
        ("localhost:3000", "localhost:3000"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("[::1]:80", "[::1]:80"),
    ],
)
def test_an_entry_is_stored_in_one_form(typed: str, stored: str) -> None:
    assert check_domain(typed) == stored


@pytest.mark.parametrize(
    "typed",
    ["", " ", "*", "*.", "**.example.com", "a.*.example.com", "*example.com", "https://example.com",
     "example.com/", "example.com:", "example.com:0", "example.com:99999", "example..com",
     ".example.com", "example.com.", "user@example.com", "exam ple.com", "bücher.example",
     "example.com\nevil.org", "[::1", "[:::]", "-a.example", "a" * 64, "null,example.com",
     "example.com:\uff18\uff10"],
)  # fmt: skip
def test_what_is_no_domain_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(BadDomain, match=r"is not (ASCII|a domain)\. "):
        check_domain(typed)


@given(hosts, st.integers(1, 65535), st.sampled_from(["http", "https"]))
def test_an_origin_is_allowed_by_its_own_host_with_and_without_its_port(
    host: str, port: int, scheme: str
) -> None:
    found = origin_host(f"{scheme}://{host}:{port}")
    assert found == (host, port)
    assert is_allowed(host, port, ["other.example", check_domain(host)])
    assert is_allowed(host, port, [check_domain(f"{host}:{port}")])
    assert not is_allowed(host, port, [check_domain(f"{host}:{port % 65535 + 1}")])


@given(hosts, hosts)
def test_a_wildcard_means_names_below_it_and_never_itself(below: str, above: str) -> None:
    entry = f"*.{above}.test"
    assert is_allowed(f"{below}.{above}.test", 443, [check_domain(entry)])
    assert not is_allowed(f"{above}.test", 443, [entry])
    assert not is_allowed(f"{below}{above}.test", 443, [entry])
    assert not is_allowed(f"{below}.{above}.test.evil", 443, [entry])


@given(st.text(max_size=60), st.sampled_from(["", "https://", "https://example.com"]))
def test_no_header_makes_the_reading_fail(tail: str, start: str) -> None:
    for read in (origin_host, referer_host):
        found = read(start + tail)
        if found is not None:
            assert check_domain(found[0]) == found[0]


@given(st.text(max_size=40))
def test_a_stored_entry_never_changes_again(typed: str) -> None:
    try:
        stored = check_domain(typed)
    except BadDomain:
        return
    assert check_domain(stored) == stored
