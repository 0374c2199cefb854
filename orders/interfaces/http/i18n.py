"""The language of pages and of the texts in scripts (docs/languages.md).

Texts are written as `_("…")` in templates, `gettext("…")` in views and `tr("…")` in scripts
(static/texts.js). Services and the domain use `lazy_gettext`, whose texts the interface translates
with `translated`.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import flask_babel
from babel import Locale
from babel.dates import format_date
from babel.messages.extract import extract
from babel.numbers import format_currency, format_decimal, get_decimal_symbol
from babel.support import Translations
from flask import Flask, Response, abort, current_app, g, has_request_context, request
from jinja2.filters import do_filesizeformat
from werkzeug.datastructures import LanguageAccept

from orders.domain.attributes import NO, YES, AttributeRule
from orders.domain.configuration import option_text
from orders.domain.texts import Figure, Money, Text, WrittenDay
from orders.interfaces.http.assets import FOR_EVER, HASH_LENGTH
from orders.services.languages import CATALOGS, ENGLISH, languages
from orders.settings import ASSETS

PARAMETER = "lang"  # of a URL: `?lang=de`
COOKIE = "language"
COOKIE_SECONDS = 365 * 86_400
# English at the desk writes the day before the month everywhere: "18 Jan 2027".
ENGLISH_DAY = "d MMM y"
SCRIPT_KEYWORDS: dict[str, Any] = {"tr": None, "trn": (1, 2)}


def start_languages(app: Flask, language_of_person: Callable[[], str]) -> None:
    """Set up Babel, the template functions of this module, and the URL of the scripts' texts.

    `language_of_person` returns the code of the language that the signed-in person has chosen, or
    an empty string.
    """
    app.extensions["language_of_person"] = language_of_person
    flask_babel.Babel(app, default_locale=ENGLISH, locale_selector=language_of_request)
    app.add_url_rule("/texts/<code>.js", "script_texts", _serve_script_texts)
    app.jinja_env.globals.update(
        language=language, other_languages=other_languages, script_texts=script_texts_url
    )
    app.jinja_env.filters.update(translated=translated, figure=figure, language_tag=language_tag)
    app.jinja_env.filters.update(read_options=read_options, filesizeformat=file_size)


def language_of_request() -> str:
    """Return the code of the response's language, such as `de`.

    It is the first available one of: URL, signed-in person, cookie, browser, org, English. Customer
    pages ignore the signed-in person, so that staff see there what customers see.
    """
    if not has_request_context() or not _has_languages(request.path):
        return ENGLISH
    known = languages()
    wishes = (
        request.args.get(PARAMETER),
        "" if is_for_customers(request.path) else current_app.extensions["language_of_person"](),
        request.cookies.get(COOKIE),
        _accepted(),
        g.get("language_of_org"),
    )
    return next((wish for wish in wishes if wish in known), ENGLISH)


def translated(text: str) -> str:
    """Translate a Text and its values to the page's language; return a plain string unchanged."""
    if not isinstance(text, Text):
        return text
    values = {name: _value(value) for name, value in text.values.items()}
    if text.many is not None:
        return ngettext(text.template, text.many, text.number, **values)
    # gettext("") would return the header of the catalog.
    return gettext(text.template, **values) if text else ""


def _value(value: object) -> object:
    if isinstance(value, Figure):
        return figure(value.number)
    if isinstance(value, WrittenDay):
        form = ENGLISH_DAY if language() == ENGLISH else "medium"
        return format_date(value.day, form, locale=language())
    if isinstance(value, Money):
        amount = Decimal(value.amount)
        # As exact as it was entered, even if the currency has fewer decimals.
        return format_currency(
            amount, value.currency, locale=language(), decimal_quantization=False
        )
    return translated(value) if isinstance(value, Text) else value


def in_page_language(rules: Sequence[AttributeRule]) -> tuple[AttributeRule, ...]:
    """Return an org's attributes with the labels that they have in the page's language."""
    return tuple(rule.in_language(language()) for rule in rules)


def gettext(text: str, /, **values: object) -> str:
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """Return the translation of `one` or `many`, whichever fits `number`.

    `%(num)s` in the text is replaced with the number, and other placeholders with `values`.
    """
    return str(flask_babel.ngettext(one, many, number, **values))


def figure(number: float | Decimal) -> str:
    """Format a number with all of its digits in the page's language: 1,234 or 1.234."""
    return format_decimal(number, locale=language(), decimal_quantization=False)


def has_decimal_comma() -> bool:
    """Return whether the page's language writes one and a half as 1,5."""
    return get_decimal_symbol(language()) == ","


def file_size(size: float) -> str:
    """Format a number of bytes like Jinja's `filesizeformat`, with the language's decimal sign."""
    return do_filesizeformat(size).replace(".", get_decimal_symbol(language()))


@contextmanager
def use_language(*codes: str | None) -> Iterator[None]:
    """Translate the texts of a `with` block into the first of these languages that is available.

    Codes that are None are skipped. If no code is available, the language of the page is used.
    """
    known = languages()
    with flask_babel.force_locale(next((code for code in codes if code in known), language())):
        yield


def set_org_language(code: str | None) -> None:
    """Set the org's language, used if URL, cookie and browser ask for no available language."""
    g.language_of_org = code
    flask_babel.refresh()  # a text may have been translated already


def language() -> str:
    """Return the code of the page's language, spelled like its catalog: `de`, `pt_BR`."""
    locale: Locale | None = flask_babel.get_locale()
    return str(locale) if locale else ENGLISH


def language_tag(code: str) -> str:
    """Convert a language code to a BCP 47 tag for HTML's `lang`: `pt_BR` becomes `pt-BR`."""
    return code.replace("_", "-")


def other_languages(**query: str) -> list[tuple[str, str, str]]:
    """Return code, name and query string (`?lang=de`) of each language except the page's.

    `query` has additional parameters for the query strings.
    """
    here = language()
    return [
        (code, name, "?" + urlencode({**query, PARAMETER: code}))
        for code, name in languages().items()
        if code != here
    ]


def is_for_customers(path: str) -> bool:
    """Return whether a path belongs to the customer pages, even if no page has this path."""
    return path in {"/find", "/o"} or path.startswith("/o/")


def _has_languages(path: str) -> bool:
    """Return whether the page with this path is translated.

    Pages for developers are in English only. The list of recent requests, which is a page of the
    desk, is translated.
    """
    return path == "/docs/api/requests" or not path.startswith(("/api", "/docs/", "/static/"))


def keep_language(response: Response) -> Response:
    """Store the language that the URL asks for in a cookie, set `Vary`, and return the response."""
    response.vary.update(("Accept-Language", "Cookie"))
    asked = request.args.get(PARAMETER)
    if asked in languages():
        response.set_cookie(
            COOKIE, asked, COOKIE_SECONDS,
            path=f"{request.script_root}/", secure=request.is_secure, httponly=True, samesite="Lax",
        )  # fmt: skip
    return response


def _accepted() -> str | None:
    """Return the available language that the browser prefers, or None; `*` is ignored."""
    named = [(tag, quality) for tag, quality in request.accept_languages if tag != "*"]
    return LanguageAccept(named).best_match([*languages()])


def read_options(variant: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return a product's options as names and translated texts, omitting those without a text."""
    texts = ((name, option_text(value)) for name, value in variant.items())
    return [(name, translated(text)) for name, text in texts if text is not None]


def options_line(variant: Mapping[str, object] | None) -> str:
    """Return a product's options on one line: `Wood: Oak · Legs: Ash`; empty without options."""
    return " · ".join(f"{name}: {text}" for name, text in read_options(variant or {}))


def option_values_line(variant: Mapping[str, object] | None) -> str:
    """Return the values of a product's options: `Oak, Ash, Dimmer`; empty without options.

    Numbers keep the option's name. Of options that are yes or no, only those that are yes are
    named.
    """
    values = (_option_value(name, text) for name, text in read_options(variant or {}))
    return ", ".join(value for value in values if value)


def _option_value(name: str, text: str) -> str:
    if text.lower() in {"no", translated(NO).lower()}:
        return ""
    if text.lower() in {"yes", translated(YES).lower()}:
        return name
    return text if any(one.isalpha() for one in text) else f"{name} {text}"


def script_texts_url() -> str:
    """Return the URL of the JavaScript file that contains the texts of all scripts.

    The texts are in the page's language.
    """
    code = language()
    return f"{request.script_root}/texts/{code}.js?v={_version(code)}"


@lru_cache(maxsize=8)
def script_of(code: str) -> str:
    """Return JavaScript that sets the texts of all scripts, and the plural rule of a language.

    `code` names the language. In the JavaScript, `forms` has one digit for each number from 0 to
    199: the index of the plural form for that number. From 200 on, the last hundred digits repeat,
    as the plural rules of all languages do.
    """
    catalog = Translations.load(str(CATALOGS), [code])
    form_of: Any = getattr(catalog, "plural", lambda number: int(number != 1))
    forms = [form_of(number) for number in range(200)]
    messages: dict[str, list[str]] = {}
    for text in _script_texts():
        if isinstance(text, str):
            messages[text] = [catalog.gettext(text)]
        else:
            samples = [forms.index(form) for form in range(max(forms) + 1)]
            messages[text[0]] = [catalog.ngettext(*text, number) for number in samples]
    texts = {"forms": "".join(map(str, forms)), "messages": messages}
    return f"window.shortorderTexts = {json.dumps(texts, ensure_ascii=False, sort_keys=True)};\n"


@lru_cache(maxsize=1)
def _script_texts() -> tuple[str | tuple[str, str], ...]:
    """Return the texts used in static/*.js: each a string, or a pair of singular and plural."""
    found: set[Any] = set()
    for file in sorted((ASSETS / "static").glob("*.js")):
        with file.open("rb") as source:
            found.update(text for _, text, _, _ in extract("javascript", source, SCRIPT_KEYWORDS))
    return tuple(sorted(found, key=str))


def _serve_script_texts(code: str) -> Response:
    if code not in languages() or code == ENGLISH:
        abort(404)
    response = Response(script_of(code), mimetype="text/javascript")
    # During a release a new page may reach an old process, whose answer must not be cached.
    is_named = request.args.get("v") == _version(code)
    response.headers["Cache-Control"] = FOR_EVER if is_named else "no-cache"
    return response


@lru_cache(maxsize=8)
def _version(code: str) -> str:
    return hashlib.sha256(script_of(code).encode()).hexdigest()[:HASH_LENGTH]
