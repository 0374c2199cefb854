"""Render the demo's products as SVG, in the colors of each configuration.

`python -m tests.cli.drawings` rewrites the files in `static/demo/`. A drawing is 120
units wide and high; the ground is at y = 100.
"""

from collections.abc import Callable

from orders.interfaces.cli.demo.workshop import WORKSHOP
from orders.services.catalog.sample_products import SampleProduct
from orders.settings import PROJECT

FOLDER = PROJECT / "static" / "demo"
PAPER = "#f3efe8"
SHADOW = "#e2dbcf"
GLOW = "#fff3cf"
# Colors of the drawings by the option value that selects them.
COLORS = {
    "Oak": "#c79f68",
    "Walnut": "#75503a",
    "Ash": "#dcc59c",
    "Black oak": "#38332f",
    "Brass": "#b8914a",
    "Black steel": "#33363a",
    "Brushed steel": "#98a1a8",
    "Opal glass": "#f4ead2",
    "Moss": "#6f7d57",
    "Clay": "#b9694b",
    "Sand": "#d3bf9f",
    "Ocean": "#3b617a",
    "Mustard": "#c7953a",
    "Plum": "#6f4860",
    "Cognac leather": "#a0613a",
    "Natural cord": "#e2d3b4",
    "Linen": "#e6ded0",
}

Shape = Callable[..., str]


def mixed(color: str, other: str, share: float) -> str:
    """Mix two colors (#rrggbb) with `share` (0 to 1) of the other."""
    parts = (
        round(int(color[at : at + 2], 16) * (1 - share) + int(other[at : at + 2], 16) * share)
        for at in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in parts)


def darker(color: str, share: float = 0.2) -> str:
    """Return the color of a shaded side."""
    return mixed(color, "#1d1a18", share)


def lighter(color: str, share: float = 0.2) -> str:
    """Return the color of a lit side."""
    return mixed(color, "#ffffff", share)


def box(x: float, y: float, width: float, height: float, fill: str, radius: float = 0) -> str:
    """Return a rectangle."""
    corner = f' rx="{radius:g}"' if radius else ""
    size = f'width="{width:g}" height="{height:g}"'
    return f'<rect x="{x:g}" y="{y:g}" {size}{corner} fill="{fill}"/>'


def oval(x: float, y: float, across: float, high: float, fill: str) -> str:
    """Return an ellipse by its center and radii."""
    return f'<ellipse cx="{x:g}" cy="{y:g}" rx="{across:g}" ry="{high:g}" fill="{fill}"/>'


def area(path: str, fill: str) -> str:
    """Return a filled path."""
    return f'<path d="{path}" fill="{fill}"/>'


def lines(path: str, stroke: str, width: float) -> str:
    """Return a path with round strokes."""
    return (
        f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{width:g}" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def _shadow(half_width: float) -> str:
    return oval(60, 100.5, half_width, 3.5, SHADOW)


def _chair(seat: str, legs: str) -> str:
    return (
        _shadow(32)
        + lines("M46 62 43 99M74 62 77 99", darker(legs, 0.35), 3)
        + lines("M44 30 45 62M76 30 75 62", legs, 3.4)
        + lines("M41 66 35 100M79 66 85 100", legs, 3.8)
        + area("M38 27Q60 17 82 27L81 43Q60 35 39 43Z", seat)
        + lines("M42 29.5Q60 22 78 29.5", lighter(seat, 0.22), 1.4)
        + area("M40 59H80L86 66H34Z", lighter(seat, 0.12))
        + area("M34 66H86V68Q60 74 34 68Z", darker(seat))
    )


def _bar_stool(seat: str, legs: str) -> str:
    return (
        _shadow(26)
        + lines("M51 34 48 98M69 34 72 98", darker(legs, 0.3), 2.6)
        + lines("M45 34 36 100M75 34 84 100M38.5 80H81.5", legs, 3.2)
        + area("M38 29Q60 23 82 29L80 35Q60 40 40 35Z", lighter(seat, 0.1))
        + area("M40 35Q60 40 80 35V37Q60 43 40 37Z", darker(seat))
    )


def _lounge_chair(fabric: str, frame: str) -> str:
    return (
        _shadow(42)
        + lines("M30 84 25 100M90 84 95 100", frame, 4)
        + area("M36 28Q60 20 84 28L87 72H33Z", darker(fabric, 0.12))
        + area("M41 32Q60 26 79 32L81 66H39Z", fabric)
        + lines("M60 29V64", darker(fabric, 0.1), 1.2)
        + area("M34 66Q60 60 86 66L90 80Q60 86 30 80Z", lighter(fabric, 0.14))
        + area("M30 80Q60 86 90 80V84Q60 90 30 84Z", darker(fabric, 0.22))
        + lines("M21 56H33Q35 72 32 86M99 56H87Q85 72 88 86", frame, 4.4)
        + lines("M22 57 27 86H93L98 57", frame, 4)
    )


def _footstool(fabric: str, frame: str) -> str:
    return (
        _shadow(34)
        + lines("M38 84 34 100M82 84 86 100", frame, 4.2)
        + box(30, 80, 60, 6, frame, 2)
        + area(
            "M36 61Q60 57 84 61 88 62 89 66L91 74Q92 80 86 80.5H34Q28 80 29 74L31 66Q32 62 36 61Z",
            fabric,
        )
        + area(
            "M36 61Q60 57 84 61 88 62 88.5 65.5 60 71 31.5 65.5 32 62 36 61Z", lighter(fabric, 0.2)
        )
    )


def _couch(fabric: str, legs: str, left: int, seats: int) -> str:
    width = 120 - 2 * left
    inner = width - 20
    cushion = inner / seats
    drawn = _shadow(width / 2 + 1) + lines(f"M{left + 6} 88V100M{120 - left - 6} 88V100", legs, 3.6)
    drawn += box(left + 5, 44, width - 10, 40, darker(fabric, 0.16), 7)
    for number in range(seats):
        x = left + 10 + number * cushion
        drawn += box(x + 0.7, 48, cushion - 1.4, 24, fabric, 4)
        drawn += box(x + 0.7, 68, cushion - 1.4, 13, lighter(fabric, 0.15), 3.5)
    drawn += box(left + 4, 80, width - 8, 10, darker(fabric, 0.26), 3)
    for x in (left, 120 - left - 11):
        drawn += box(x, 58, 11, 32, darker(fabric, 0.06), 5)
    return drawn


def _sofa(fabric: str, legs: str) -> str:
    cushion = mixed(fabric, "#f3dfb8", 0.62)
    return (
        _couch(fabric, legs, 8, 3)
        + area("M20 57Q29 59.5 38 57 36.5 66 38 75 29 72.5 20 75 21.5 66 20 57Z", cushion)
        + lines("M24 61.5 34 70.5M34 61.5 24 70.5", darker(cushion, 0.12), 0.9)
    )


def _loveseat(fabric: str, legs: str) -> str:
    return _couch(fabric, legs, 20, 2)


def _table(top: str, legs: str) -> str:
    return (
        _shadow(50)
        + lines("M31 62 28 96M89 62 92 96", darker(legs, 0.3), 3.2)
        + lines("M19 64 14 100M101 64 106 100", legs, 4)
        + area("M22 52H98L112 61H8Z", lighter(top, 0.14))
        + lines("M26 55H94M19 58H101", mixed(top, "#ffffff", 0.02), 0.8)
        + area("M8 61H112L111 66H9Z", darker(top, 0.16))
    )


def _round_table(top: str, foot: str) -> str:
    return (
        _shadow(30)
        + area("M56 56H64L66 94H54Z", foot)
        + area("M40 100Q42 93 60 92 78 93 80 100Z", darker(foot, 0.1))
        + oval(60, 54, 46, 9, darker(top, 0.22))
        + oval(60, 51, 46, 9, lighter(top, 0.12))
        + lines("M30 50Q60 45.5 92 50M36 54Q60 57 86 54", top, 0.9)
    )


def _coffee_table(top: str, legs: str) -> str:
    outline = "C14 60 38 54 64 57S110 60 108 70 84 80 56 79 14 80 14 70Z"
    return (
        _shadow(42)
        + lines("M62 72V94", darker(legs, 0.3), 4)
        + lines("M30 74 25 100M92 74 97 100", legs, 4.8)
        + area(f"M14 72{outline.replace('70Z', '72Z')}", darker(top, 0.24))
        + area(f"M14 68{outline.replace('70Z', '68Z').replace('79 14 80', '76 14 77')}", top)
        + lines("M28 66Q52 60 92 66M36 71Q60 74 84 70", lighter(top, 0.3), 1)
    )


def _desk(top: str, drawers: str, legs: str) -> str:
    return (
        _shadow(48)
        + lines("M28 66 25 95M92 66 95 95", darker(legs, 0.3), 2.8)
        + lines("M17 66 12 100M103 66 108 100", legs, 3.6)
        + area("M20 48H100L110 55H10Z", lighter(top, 0.14))
        + box(10, 55, 100, 4, darker(top, 0.12))
        + box(16, 59, 88, 12, darker(top, 0.3), 1)
        + box(18, 60.5, 41, 9, drawers, 1)
        + box(61, 60.5, 41, 9, drawers, 1)
        + lines("M35 65H42M78 65H85", legs, 1.8)
    )


def _bench(cord: str, frame: str) -> str:
    weave = "".join(f"M{x} 69.5 {x + 3} 75.5" for x in range(20, 98, 4))
    return (
        _shadow(50)
        + lines("M30 80 29 96M90 80 91 96", darker(frame, 0.3), 3.4)
        + lines("M17 72 13 100M103 72 107 100M15 88H105", frame, 4)
        + area("M20 66H100L108 76H12Z", lighter(cord, 0.1))
        + lines(weave, darker(cord, 0.18), 1)
        + box(11, 75.5, 98, 4.5, frame, 2)
    )


def _shelf(boards: str, uprights: str) -> str:
    heights = (26, 44, 62, 80, 95)
    drawn = _shadow(34) + lines("M33 15V100M87 15V100", uprights, 3)
    drawn += box(38, 31, 4, 13, "#8a5a44") + box(43, 33, 5, 11, "#56707a")
    drawn += box(49, 30, 3.5, 14, "#c9a24f") + area("M54 44 57 32 61 33 58 44Z", "#7b8467")
    drawn += area("M72 62Q68 55 73 51V48H78V51Q83 55 79 62Z", "#a9b3b0")
    drawn += box(40, 76, 17, 4, "#b5745a") + box(42, 72, 14, 4, "#d8cdb8")
    drawn += lines("M74 20Q70 13 66 14M74 20Q75 11 73 9M74 20Q79 13 83 15", "#71835e", 2.4)
    drawn += area("M69 19H79L78 26H70Z", "#e0d2bd")
    drawn += box(66, 85, 14, 10, "#c4b497", 1)
    for y in heights:
        drawn += box(30, y, 60, 3.4, lighter(boards, 0.08), 0.8) + box(
            30, y + 2.2, 60, 1.2, darker(boards)
        )
    return drawn


def _sideboard(body: str, fronts: str, legs: str) -> str:
    slats = "".join(f"M{x} 57.5V82.5" for x in (*range(17, 45, 3), *range(78, 105, 3)))
    return (
        _shadow(50)
        + lines("M22 86 20 100M98 86 100 100", legs, 3.2)
        + box(10, 52, 100, 36, darker(body, 0.08), 2)
        + box(10, 52, 100, 3, lighter(body, 0.2), 1.5)
        + box(14, 57, 31.5, 26, fronts)
        + box(75, 57, 31.5, 26, fronts)
        + lines(slats, darker(fronts, 0.2), 1)
        + box(47, 57, 26.5, 12, lighter(body, 0.12))
        + box(47, 71, 26.5, 12, lighter(body, 0.12))
        + lines("M58 63H62.5M58 77H62.5", legs, 2)
    )


def _bed(frame: str, cover: str) -> str:
    return (
        _shadow(50)
        + lines("M16 92V100M104 92V100", darker(frame, 0.3), 5)
        + box(16, 30, 88, 44, frame, 5)
        + box(20, 34, 80, 3, lighter(frame, 0.22), 1.5)
        + area("M20 58H100L106 84H14Z", "#fbf8f2")
        + box(25, 47, 32, 15, "#ece5d8", 6)
        + box(63, 47, 32, 15, "#ece5d8", 6)
        + area("M18 66H102L109 86H11Z", lighter(cover, 0.1))
        + area("M18 66H102L103.5 71H16.5Z", lighter(cover, 0.42))
        + box(10, 84, 100, 10, darker(frame, 0.12), 2.5)
    )


def _floor_lamp(shade: str, stand: str) -> str:
    return (
        oval(60, 38, 40, 34, GLOW)
        + _shadow(20)
        + lines("M60 46V98", stand, 2.8)
        + area("M44 100Q46 95.5 60 95.5T76 100Z", stand)
        + area("M47 18H73L82 48H38Z", lighter(shade, 0.2))
        + area("M47 18H55L48 48H38Z", darker(shade, 0.06))
        + area("M38.600 46H81.400L82 48H38Z", darker(shade, 0.16))
    )


def _table_lamp(shade: str, stand: str) -> str:
    return (
        area("M34 62H86L100 99H20Z", GLOW)
        + _shadow(26)
        + lines("M60 58V96", stand, 3.4)
        + area("M42 100Q44 94 60 94T78 100Z", stand)
        + area("M28 62Q30 32 60 32T92 62Z", shade)
        + lines("M36 54Q40 38 56 36.5", lighter(shade, 0.4), 2)
        + oval(60, 62, 32, 3.4, darker(shade, 0.28))
        + oval(60, 62.4, 22, 1.9, GLOW)
        + box(57.5, 27, 5, 6, stand, 1.5)
    )


def _pendant(shade: str, cable: str) -> str:
    return (
        area("M32 66H88L104 112H16Z", GLOW)
        + lines("M60 0V36", cable, 1.6)
        + box(56, 32, 8, 8, cable, 2)
        + area("M22 68Q24 39 60 39T98 68Z", shade)
        + lines("M32 59Q37 45 54 43", lighter(shade, 0.36), 2)
        + oval(60, 68, 38, 4.2, darker(shade, 0.3))
        + oval(60, 68.6, 27, 2.4, GLOW)
    )


SHAPES: dict[str, Shape] = {
    shape.__name__.removeprefix("_"): shape
    for shape in (
        _chair, _bar_stool, _lounge_chair, _footstool, _sofa, _loveseat, _table, _round_table,
        _coffee_table, _desk, _bench, _shelf, _sideboard, _bed, _floor_lamp, _table_lamp, _pendant,
    )
}  # fmt: skip


def render(product: SampleProduct) -> str:
    """Return the picture of a product as SVG."""
    colors = [COLORS[value] for value in product.variant.values() if value in COLORS]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120">'
        f"{box(0, 0, 120, 120, PAPER)}{SHAPES[product.shape](*colors)}</svg>\n"
    )


def write_all() -> None:
    """Write every drawing into `static/demo/`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for product in WORKSHOP.products:
        (FOLDER / product.picture).write_text(render(product), encoding="ascii")


if __name__ == "__main__":
    write_all()
