"""The size of pictures, as the beginnings of their files state it."""

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orders.domain.inputs import Limits
from orders.domain.pictures import MAX_PIXELS, picture_size
from orders.domain.uploads import PICTURES, SentFile, assign_files
from tests.uploads import GIF, PNG

SIZE = (300, 200)
JPEG_HEAD = bytes.fromhex("ffd8 ffe0 0010 4a46494600010100000100010000")
FRAME = bytes.fromhex("ffc2 0011 08 00c8 012c 03 012200 021101 031101")
VALID = {
    "png": ("image/png", PNG[:16] + (300).to_bytes(4) + (200).to_bytes(4) + PNG[24:]),
    "gif": ("image/gif", b"GIF89a" + bytes.fromhex("2c01 c800 0000003b")),
    "jpeg": ("image/jpeg", JPEG_HEAD + FRAME),
    "jpeg, padded": ("image/jpeg", JPEG_HEAD + b"\xff\xff" + b"\xff\x01" + FRAME),
    "jpeg, tables first": (
        "image/jpeg", JPEG_HEAD + b"\xff\xc4\x00\x05abc" + b"\xff\xdb\x00\x03a" + FRAME,
    ),
    "lossy webp": (
        "image/webp", b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0" + bytes.fromhex("30010a 9d012a 2c41 c880"),
    ),
    "lossless webp": (
        "image/webp",
        b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0/" + (299 | 199 << 14 | 1 << 28).to_bytes(4, "little")
        + bytes(5),
    ),
    "extended webp": (
        "image/webp", b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0" + bytes.fromhex("10000000 2b0100 c70000"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VALID)
def test_the_size_is_read_and_a_file_that_ends_before_has_none(name: str) -> None:
    kind, content = VALID[name]
    assert picture_size(kind, content) == SIZE
    sizes = [picture_size(kind, content[:end]) for end in range(len(content))]
    assert set(sizes) <= {None, SIZE}
    # Once enough of the file is there, more of it changes nothing.
    assert not [pair for pair in pairwise(sizes) if pair == (SIZE, None)]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_the_size_is_the_one_that_a_library_writes(kind: str) -> None:
    image = pytest.importorskip("PIL.Image")
    for size in ((1, 1), (640, 3), (3, 16_000)):
        for options in ({}, {"lossless": True}, {"progressive": True}):
            made = io.BytesIO()
            image.new("RGB", size).save(made, kind, **options)
            assert picture_size(f"image/{kind.lower()}", made.getvalue()) == size


@given(some.sampled_from(sorted(PICTURES)), some.binary(max_size=60))
def test_no_content_is_too_odd(kind: str, content: bytes) -> None:
    beginning = {"image/png": PNG[:16], "image/jpeg": b"\xff\xd8", "image/gif": GIF[:6]}
    size = picture_size(kind, beginning.get(kind, b"RIFF\0\0\0\0WEBP") + content)
    assert size is None or min(size) >= 0


@pytest.mark.parametrize("extra", [0, 1])
def test_a_picture_has_a_limited_number_of_pixels(extra: int) -> None:
    width, height = 8_000, MAX_PIXELS // 8_000 + extra
    content = PNG[:16] + width.to_bytes(4) + height.to_bytes(4) + PNG[24:]
    for part, path in (("thumbnail", "thumbnail"), ("files", "files.0")):
        found = assign_files([SentFile(part, "a.png", "image/png", content)], {}, Limits())
        assert [error.path for error in found.errors] == [path] * extra
