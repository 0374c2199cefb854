"""The texts of the scripts in another language than English, as a script of their own.

A script says `tr("Undo")` (static/texts.js); what it says is found in its source, and its
translation in the same catalogue as that of the pages.
"""

import hashlib
import json
from functools import lru_cache
from typing import Any

from babel.messages.extract import extract
from babel.support import Translations
from flask import Flask, Response, abort, request

from orders.languages import CATALOGUES, ENGLISH, languages
from orders.settings import PROJECT
from orders.web.assets import FOR_EVER, HASH_LENGTH
from orders.web.language import language

KEYWORDS: dict[str, Any] = {"tr": None, "trn": (1, 2)}


def start_script_texts(app: Flask) -> None:
    """Serve the scripts, and let pages name theirs."""
    app.add_url_rule("/texts/<code>.js", "script_texts", _serve)
    app.jinja_env.globals.update(script_texts=script_address)


def script_address() -> str:
    """Give the address of the script for the language of the page."""
    code = language()
    return f"{request.script_root}/texts/{code}.js?v={_version(code)}"


@lru_cache(maxsize=8)
def script_of(code: str) -> str:
    """Write the script of a language that there is: its texts, and which form a number takes.

    Which of a text's forms stands with 0, 1, … 199 is told digit by digit; from 200 on it goes
    round by hundreds, as the rules of all languages do.
    """
    catalogue = Translations.load(str(CATALOGUES), [code])
    form_of: Any = getattr(catalogue, "plural", lambda number: int(number != 1))
    forms = [form_of(number) for number in range(200)]
    messages: dict[str, list[str]] = {}
    for text in _texts():
        if isinstance(text, str):
            messages[text] = [catalogue.gettext(text)]
        else:
            samples = [forms.index(form) for form in range(max(forms) + 1)]
            messages[text[0]] = [catalogue.ngettext(*text, number) for number in samples]
    told = {"forms": "".join(map(str, forms)), "messages": messages}
    return f"window.shortorderTexts = {json.dumps(told, ensure_ascii=False, sort_keys=True)};\n"


@lru_cache(maxsize=1)
def _texts() -> tuple[str | tuple[str, str], ...]:
    """Find what the scripts say: a text, or one for one thing and one for many."""
    found: set[Any] = set()
    for file in sorted((PROJECT / "static").glob("*.js")):
        with file.open("rb") as source:
            told = extract("javascript", source, KEYWORDS)
            found.update(text for _, text, _, _ in told)
    return tuple(sorted(found, key=str))


def _serve(code: str) -> Response:
    if code not in languages() or code == ENGLISH:
        abort(404)
    response = Response(script_of(code), mimetype="text/javascript")
    # While a new release starts, its pages may ask a process of the old one: it may not stay so.
    is_named = request.args.get("v") == _version(code)
    response.headers["Cache-Control"] = FOR_EVER if is_named else "no-cache"
    return response


@lru_cache(maxsize=8)
def _version(code: str) -> str:
    return hashlib.sha256(script_of(code).encode()).hexdigest()[:HASH_LENGTH]
