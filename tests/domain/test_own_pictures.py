"""Which addresses of pictures pages show."""

import pytest

from orders.domain.configuration import own_picture


@pytest.mark.parametrize(
    "address",
    [
        "/static/%2e%2e/orders", "/static/.%2E/orders", "/static/../orders", "/static/a/..%2f..",
        "/static/..", "/static/.hidden", "/static/a\\..\\b", "/static//evil.example", "/staticx/a",
        "//static/a", "/static/a?next=/sign-out", "/static/a#b", "/static/a\n", "https://x/static/a",
    ],
)  # fmt: skip
def test_pages_show_no_picture_but_files_of_ours(address: str) -> None:
    assert own_picture(address) is None


def test_pages_show_pictures_that_are_files_of_ours() -> None:
    assert (
        own_picture("/static/demo/chair-1.svg?v=d4d13d83") == "/static/demo/chair-1.svg?v=d4d13d83"
    )
    assert own_picture(None) is None
