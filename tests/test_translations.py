"""The translation catalogs are complete, and the compiled files are up to date."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from orders.services.languages import languages
from orders.settings import PROJECT

CATALOGUES = sorted((PROJECT / "translations").glob("*/LC_MESSAGES/messages.po"))
# As the Makefile says to pybabel.
KEYWORDS = {"lazy_gettext": None, "lazy_ngettext": (1, 2), "tr": None, "trn": (1, 2)}
NAMES = [file.parent.parent.name for file in CATALOGUES]


def collected() -> set[str]:
    """Collect the texts of the pages as `make translations` does."""
    with (PROJECT / "babel.cfg").open(encoding="utf-8") as stream:
        methods, options = parse_mapping_cfg(stream)  # type: ignore[no-untyped-call]  # babel's own
    found = extract_from_dir(
        PROJECT, methods, options, {**DEFAULT_KEYWORDS, **KEYWORDS},
        directory_filter=lambda path: Path(path).relative_to(PROJECT).parts[0]
        in {"orders", "templates", "static"},
    )  # fmt: skip
    return {text if isinstance(text, str) else text[0] for _, _, text, _, _ in found}


def read(file: Path) -> Catalog:
    with file.open("rb") as stream:
        return read_po(stream, locale=file.parent.parent.name, abort_invalid=True)


def texts(message: Message) -> tuple[str, ...]:
    """Return all translations of a text: one, or one for each plural form."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def test_german_is_there() -> None:
    assert "de" in NAMES
    assert languages() == {"en": "English", "de": "Deutsch"} | {
        code: languages()[code] for code in NAMES if code != "de"
    }


@pytest.mark.parametrize("file", CATALOGUES, ids=NAMES)
class TestEachCatalogue:
    def test_contains_every_text_of_the_pages_and_no_other(self, file: Path) -> None:
        catalogue = read(file)
        ids = {one.id if isinstance(one.id, str) else one.id[0] for one in catalogue if one.id}
        assert ids == collected(), "run `make translations`"
        assert not catalogue.obsolete

    def test_translates_each_of_them(self, file: Path) -> None:
        for message in read(file):
            assert not message.fuzzy, message.id
            if message.id:
                assert all(text.strip() for text in texts(message)), message.id

    def test_keeps_what_is_filled_in(self, file: Path) -> None:
        for message in read(file):
            if not message.id:
                continue
            ids = (message.id,) if isinstance(message.id, str) else message.id
            known = set(re.findall(r"%\(\w+\)s", ids[-1]))
            for text in texts(message):
                used = set(re.findall(r"%\(\w+\)s", text))
                # A number may be a word: “in a second”.
                assert known - {"%(num)s"} <= used <= known, message.id
                assert text.count("%") == len(re.findall(r"%\(\w+\)s", text)), message.id

    def test_is_the_one_that_is_compiled(self, file: Path) -> None:
        compiled = BytesIO()
        write_mo(compiled, read(file))
        assert compiled.getvalue() == file.with_suffix(".mo").read_bytes(), (
            "run `make translations`"
        )


def test_another_language_needs_its_folder_only(tmp_path: Path) -> None:
    for code in ("fr", "pt_BR", "not-a-language"):
        folder = tmp_path / code / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "messages.mo").write_bytes(b"")
    (tmp_path / "it" / "LC_MESSAGES").mkdir(parents=True)
    assert languages(tmp_path) == {
        "en": "English", "fr": "Français", "pt_BR": "Português (Brasil)",
    }  # fmt: skip
