"""The size of a picture in pixels, read from the beginning of its file.

A file of a few kilobytes can unpack to billions of pixels, which would fill the memory of each
browser that shows it. No library is needed: the four formats state their size at fixed places.
"""

import re
from collections.abc import Callable

# 40 megapixels: a picture of a product needs far fewer, and every browser can show as many.
MAX_PIXELS = 40_000_000
# JPEG segments that state the size (ITU-T T.81, table B.1).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_NO_MORE = frozenset({0xD9, 0xDA})  # the end, and the beginning of the data
# The beginning of a segment: neither padding nor a marker without a length.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
MOST_SEGMENTS = 10_000  # in front of the size; files of cameras have dozens


def picture_size(content_type: str, content: bytes) -> tuple[int, int] | None:
    """Return the width and height of a picture in pixels, as its file states them.

    Returns None if `content_type` is not PNG, JPEG, WebP or GIF, or if the file ends before its
    size or is not valid up to there. Of an animation, the size is that of its whole area, which
    programs enlarge to that of its first picture.
    """
    read = _READERS.get(content_type)
    return None if read is None else read(content)


def _png(content: bytes) -> tuple[int, int] | None:
    if len(content) < 24 or content[12:16] != b"IHDR":
        return None
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def is_too_large(content_type: str, content: bytes) -> bool:
    """Return whether this is a picture of more than MAX_PIXELS, or one whose size cannot be read.

    Programs that show pictures forgive some faults in a file, and would find a size in it.
    """
    if content_type not in _READERS:
        return False
    size = picture_size(content_type, content)
    return size is None or size[0] * size[1] > MAX_PIXELS


def _gif(content: bytes) -> tuple[int, int] | None:
    """Return the size of the screen, or what its first picture needs (GIF89a, 18 and 20)."""
    if len(content) < 13:
        return None
    width, height = (int.from_bytes(content[of : of + 2], "little") for of in (6, 8))
    at = 13 + (3 << (content[10] & 7) + 1 if content[10] & 0x80 else 0)
    while content[at : at + 1] == b"!":  # an extension: its label, and blocks with their lengths
        at += 2
        while at < len(content) and content[at]:
            at += 1 + content[at]
        at += 1
    if content[at : at + 1] != b"," or at + 9 > len(content):
        return width, height
    left, top, wide, high = (
        int.from_bytes(content[of : of + 2], "little") for of in range(at + 1, at + 9, 2)
    )
    return max(width, left + wide), max(height, top + high)


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
    """Return the size in the first frame header; the segments before it are skipped.

    Other bytes between two segments are skipped, too, as libjpeg does.
    """
    at = 2
    for _ in range(MOST_SEGMENTS):
        found = _MARKER.search(content, at)
        if found is None:
            break
        at, marker = found.start(), content[found.start() + 1]
        if marker in _NO_MORE:
            break
        if marker in _FRAMES:
            if at + 9 > len(content):
                break
            height, width = (int.from_bytes(content[of : of + 2]) for of in (at + 5, at + 7))
            return width, height
        at += 2 + int.from_bytes(content[at + 2 : at + 4])
    return None


_READERS: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/jpeg": _jpeg,
}
