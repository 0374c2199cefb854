"""Strokes and colours that the demo's drawings are made of, as SVG."""


def mixed(colour: str, other: str, share: float) -> str:
    """Mix two colours (#rrggbb); `share` of the other, from 0 to 1."""
    parts = (
        round(int(colour[at : at + 2], 16) * (1 - share) + int(other[at : at + 2], 16) * share)
        for at in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in parts)


def darker(colour: str, share: float = 0.2) -> str:
    """Give the colour of a side in the shade."""
    return mixed(colour, "#1d1a18", share)


def lighter(colour: str, share: float = 0.2) -> str:
    """Give the colour of a side in the light."""
    return mixed(colour, "#ffffff", share)


def box(x: float, y: float, width: float, height: float, fill: str, radius: float = 0) -> str:
    """Draw a rectangle."""
    corner = f' rx="{radius:g}"' if radius else ""
    size = f'width="{width:g}" height="{height:g}"'
    return f'<rect x="{x:g}" y="{y:g}" {size}{corner} fill="{fill}"/>'


def oval(x: float, y: float, across: float, high: float, fill: str) -> str:
    """Draw an ellipse around a centre; the sizes are half axes."""
    return f'<ellipse cx="{x:g}" cy="{y:g}" rx="{across:g}" ry="{high:g}" fill="{fill}"/>'


def area(path: str, fill: str) -> str:
    """Draw a filled path."""
    return f'<path d="{path}" fill="{fill}"/>'


def lines(path: str, stroke: str, width: float) -> str:
    """Draw a path as round strokes."""
    return (
        f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{width:g}" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )
