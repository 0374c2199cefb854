"""The size of a picture in pixels, read from the beginning of its file.

A file of a few kilobytes can unpack to billions of pixels, which would fill the memory of each
browser that shows it. No library is needed: the four formats state their size at fixed places.
"""

from collections.abc import Callable

# 40 megapixels: a picture of a product needs far fewer, and every browser can show as many.
MAX_PIXELS = 40_000_000
# JPEG segments that state the size, and those without a length (ITU-T T.81, table B.1).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_NO_MORE = frozenset({0xD9, 0xDA})  # the end, and the beginning of the data


def picture_size(content_type: str, content: bytes) -> tuple[int, int] | None:
    """Return the width and height of a picture in pixels, as its file states them.

    Returns None if `content_type` is not PNG, JPEG, WebP or GIF, or if the file ends before its
    size or is not valid up to there. Of an animation, the size is that of its whole area.
    """
    read = _READERS.get(content_type)
    return None if read is None else read(content)


def _png(content: bytes) -> tuple[int, int] | None:
    if len(content) < 24 or content[12:16] != b"IHDR":
        return None
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def _gif(content: bytes) -> tuple[int, int] | None:
    if len(content) < 10:
        return None
    return int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")


def _webp(content: bytes) -> tuple[int, int] | None:
    """Return the size in the first chunk: lossy, lossless or extended (RFC 9649, 2.5 to 2.7)."""
    kind, data = content[12:16], content[20:30]
    if len(data) < 10:
        return None
    if kind == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and data[0] == 0x2F:
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    return None


def _jpeg(content: bytes) -> tuple[int, int] | None:
    """Return the size in the first frame header; the segments before it are skipped."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker in _NO_MORE:
            return None
        elif marker in _FRAMES:
            if at + 9 > len(content):
                return None
            height, width = (int.from_bytes(content[of : of + 2]) for of in (at + 5, at + 7))
            return width, height
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4])
    return None


_READERS: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/jpeg": _jpeg,
}
