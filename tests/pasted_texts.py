"""Texts as people paste and upload them, with the lines that they mean (tests/data)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from orders.domain.line_reading import read_count
from tests.actors import Org, make_org

MARK = "? "  # before a line that is not placed: its reference is unknown, or its count is none
_DATA = json.loads((Path(__file__).parent / "data" / "pasted_texts.json").read_text())
CATALOG = {product["sku"]: product["name"] for product in _DATA["catalog"]}


@dataclass(frozen=True)
class PastedText:
    """A text, its lines as reference and count, and what is saved beside the catalog for it."""

    name: str
    text: str
    lines: tuple[tuple[str, str], ...]
    skus: tuple[str, ...]
    is_file: bool

    def known(self, names: set[str]) -> dict[str, str]:
        """Look up references by SKU in any case, as the catalog does."""
        skus = {sku.casefold(): sku for sku in (*CATALOG, *self.skus)}
        return {name: skus[name.casefold()] for name in names if name.casefold() in skus}

    @property
    def read(self) -> list[tuple[str, str]]:
        return [(reference.removeprefix(MARK), count) for reference, count in self.lines]

    def sku(self, reference: str) -> str:
        return self.known({reference}).get(reference, reference.lower())

    @property
    def placed(self) -> list[tuple[str, int | str]]:
        """The lines that are placed, by SKU; the others are marked."""
        return [
            (self.sku(reference), read_count(count))
            for reference, count in self.lines
            if not reference.startswith(MARK)
        ]


def _text(one: dict[str, Any]) -> PastedText:
    lines = tuple((reference, count) for reference, count in one["lines"])
    skus = tuple(one.get("skus", ()))
    return PastedText(one["name"], one["text"], lines, skus, "only" not in one)


TEXTS = [_text(one) for one in _DATA["texts"]]


def workshop(app: Flask, skus: tuple[str, ...] = ()) -> tuple[Org, dict[str, str]]:
    """Return an org with the catalog and more SKUs, and the SKU of each saved ID."""
    org = make_org(app, f"Workshop {' '.join(skus)}")
    names = {**CATALOG, **dict.fromkeys(skus, "Article")}
    return org, {org.save(name, sku).id: sku for sku, name in names.items()}
