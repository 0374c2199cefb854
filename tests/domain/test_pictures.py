"""The size of pictures, as the beginnings of their files state it."""

import io
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orders.domain.inputs import Limits
from orders.domain.pictures import MAX_PIXELS, is_too_large, picture_size
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


def big(of: bytes) -> bytes:
    """Return bytes that state 300 × 200 pixels, stating 13,000 × 13,000."""  # noqa: RUF002
    for size, to in (((300).to_bytes(4) + (200).to_bytes(4), (13_000).to_bytes(4) * 2),
                     ((200).to_bytes(2) + (300).to_bytes(2), (13_000).to_bytes(2) * 2),
                     (bytes.fromhex("2c01 c800"), (13_000).to_bytes(2, "little") * 2),
                     (bytes.fromhex("2b0100 c70000"), (12_999).to_bytes(3, "little") * 2),
                     (bytes.fromhex("2c41 c880"), (13_000).to_bytes(2, "little") * 2),
                     ((299 | 199 << 14 | 1 << 28).to_bytes(4, "little"),
                      (12_999 | 12_999 << 14).to_bytes(4, "little"))):  # fmt: skip
        if size in of:
            return of.replace(size, to)
    raise AssertionError(of)


SCREEN = b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6)  # of one pixel, with two colors
PICTURE = b"\x2c\0\0\0\0" + (13_000).to_bytes(2, "little") * 2
# 169 megapixels, of which programs that show pictures see as many, whatever the beginning says.
BOMBS = {
    **{name: (kind, big(content)) for name, (kind, content) in VALID.items()},
    "gif, its first picture": ("image/gif", SCREEN + PICTURE),
    "gif, behind extensions": ("image/gif", SCREEN + b"!\xfe\x03abc\x02de\0!\xf9\x01a\0" + PICTURE),
    "jpeg, garbage between segments": ("image/jpeg", JPEG_HEAD + b"ab\0" + big(FRAME)),
    "jpeg, stuffed bytes": ("image/jpeg", JPEG_HEAD + b"\xff\0" + big(FRAME)),
    "png, another part first": (
        "image/png", PNG[:8] + b"\0\0\0\x05tEXta\0bcd1234" + big(VALID["png"][1])[8:],
    ),
    "png, broken off": ("image/png", PNG[:20]),
    "webp, an unknown part first": (
        "image/webp", b"RIFF\0\0\0\0WEBPEXIF\0\0\0\0" + VALID["lossless webp"][1][12:],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_picture_that_unpacks_to_too_many_pixels_is_refused(name: str) -> None:
    kind, content = BOMBS[name]
    assert is_too_large(kind, content)
    found = assign_files([SentFile("thumbnail", "a", kind, content)], {}, Limits())
    assert [error.path for error in found.errors] == ["thumbnail"]
    if name in VALID:
        assert not is_too_large(*VALID[name])


def test_other_types_are_no_pictures_that_a_page_shows() -> None:
    avif = b"\0\0\0\x1cftypavif" + bytes(16)
    assert not is_too_large("image/avif", avif)
    found = assign_files([SentFile("thumbnail", "a.avif", "image/avif", avif)], {}, Limits())
    assert [error.message for error in found.errors] == ["A picture: PNG, JPEG, WebP or GIF."]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_the_size_is_the_one_that_a_library_writes(kind: str) -> None:
    image = pytest.importorskip("PIL.Image")
    for size in ((1, 1), (640, 3), (3, 16_000)):
        for options in ({}, {"lossless": True}, {"progressive": True}):
            made = io.BytesIO()
            image.new("RGB", size).save(made, kind, **options)
            assert picture_size(f"image/{kind.lower()}", made.getvalue()) == size


@pytest.mark.parametrize("filling", [b"\xff", b"\xff\0", b"\xff\xe0\0\0"])
def test_no_filling_keeps_a_process_busy(filling: bytes) -> None:
    content = JPEG_HEAD + filling * (10_485_760 // len(filling)) + FRAME
    began = time.process_time()
    picture_size("image/jpeg", content)
    assert time.process_time() - began < 0.5


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
