"""In which language a page speaks (docs/languages.md).

Texts are `_("…")` in templates and `gettext("…")` in views. Texts of the rules and services are
marked there by `mark`, and `translated` by the door that shows them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import flask_babel
from babel import Locale
from babel.numbers import format_decimal, get_decimal_symbol
from flask import Flask, Response, current_app, g, has_request_context, request
from jinja2.filters import do_filesizeformat
from werkzeug.datastructures import LanguageAccept

from orders.languages import ENGLISH, languages
from orders.rules.texts import Figure, Text

PARAMETER = "lang"  # in an address: `?lang=de`
COOKIE = "language"
COOKIE_SECONDS = 365 * 86_400


def start_languages(app: Flask, language_of_person: Callable[[], str]) -> None:
    """Give the application its languages, and the templates what they need for them.

    `language_of_person` gives what the person who is signed in has chosen, or nothing.
    """
    app.extensions["language_of_person"] = language_of_person
    flask_babel.Babel(app, default_locale=ENGLISH, locale_selector=language_of_request)
    app.jinja_env.globals.update(language=language, other_languages=other_languages)
    app.jinja_env.filters.update(translated=translated, figure=figure, language_tag=language_tag)
    app.jinja_env.filters["filesizeformat"] = file_size


def language_of_request() -> str:
    """Choose: what the address asks for, the person, the cookie, the browser, the org, or English.

    Customers' pages do not ask who is signed in: a colleague sees what the customer sees.
    """
    if not has_request_context() or not _has_languages(request.path):
        return ENGLISH
    known = languages()
    wishes = (
        _asked_for(),
        "" if is_for_customers(request.path) else current_app.extensions["language_of_person"](),
        request.cookies.get(COOKIE),
        _accepted(),
        g.get("language_of_org"),
    )
    return next((wish for wish in wishes if wish in known), ENGLISH)


def translated(text: str) -> str:
    """Translate a text of the rules or services, with the values that stand in it.

    A plain text is given back as it is: somebody of the org may have written it.
    """
    if not isinstance(text, Text):
        return text
    values = {name: _value(value) for name, value in text.values.items()}
    if text.many is not None:
        return ngettext(text.template, text.many, text.number, **values)
    return gettext(text.template, **values) if text else ""  # gettext("") is a catalogue's head


def _value(value: object) -> object:
    if isinstance(value, Figure):
        return figure(value.number)
    return translated(value) if isinstance(value, Text) else value


def gettext(text: str, /, **values: object) -> str:
    """Translate a text; its values stand in it as `%(name)s`."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """Translate a text that depends on a number, which is `%(num)s` in it."""
    return str(flask_babel.ngettext(one, many, number, **values))


def figure(number: float) -> str:
    """Write a number as the page's language does, with all of its digits: 1,234 or 1.234."""
    return format_decimal(number, locale=language(), decimal_quantization=False)


def file_size(size: float) -> str:
    """Write a number of bytes as Jinja's own filter does, with the language's own sign: 26,2 MB."""
    return do_filesizeformat(size).replace(".", get_decimal_symbol(language()))


@contextmanager
def speaking(*codes: str | None) -> Iterator[None]:
    """Speak for a while the first of these languages that there is, else that of the page."""
    known = languages()
    with flask_babel.force_locale(next((code for code in codes if code in known), language())):
        yield


def prefer(code: str | None) -> None:
    """Name the org's language, for people whose address, cookie and browser ask for none."""
    g.language_of_org = code
    flask_babel.refresh()  # something may have been said already


def language() -> str:
    """Give the code of the page's language, as its catalogue is named: `de`, `pt_BR`."""
    locale: Locale | None = flask_babel.get_locale()
    return str(locale) if locale else ENGLISH


def language_tag(code: str) -> str:
    """Give the code as `lang` in HTML wants it (BCP 47): `pt-BR`."""
    return code.replace("_", "-")


def other_languages(**query: str) -> list[tuple[str, str, str]]:
    """Give code, name and address of each other language; `query` is what else the address needs.

    The address is a query alone: it leads to the page that it stands on.
    """
    here = language()
    return [
        (code, name, "?" + urlencode({**query, PARAMETER: code}))
        for code, name in languages().items()
        if code != here
    ]


def is_for_customers(path: str) -> bool:
    """Tell whether an address belongs to the customers' pages, whether it is there or not."""
    return path in {"/find", "/o"} or path.startswith("/o/")


def _has_languages(path: str) -> bool:
    """Tell whether pages for people are there; what is for programmers is in English.

    The record of recent requests stands beside the reference, but is a page of the desk.
    """
    return path == "/docs/api/requests" or not path.startswith(("/api", "/docs/", "/static/"))


def keep_language(response: Response) -> Response:
    """Keep the language that the address asked for; tell caches what the answer depends on."""
    response.vary.update(("Accept-Language", "Cookie"))
    asked = _asked_for()
    if asked in languages():
        response.set_cookie(
            COOKIE, asked, COOKIE_SECONDS,
            path=f"{request.script_root}/", secure=request.is_secure, httponly=True, samesite="Lax",
        )  # fmt: skip
    return response


def _accepted() -> str | None:
    """Give the language that the browser prefers; “any” is no wish, and leaves it to the org."""
    named = [(tag, quality) for tag, quality in request.accept_languages if tag != "*"]
    return LanguageAccept(named).best_match([*languages()])


def _asked_for() -> str | None:
    return request.args.get(PARAMETER)
