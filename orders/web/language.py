"""In which language a page speaks (docs/languages.md).

Texts are `_("…")` in templates and `gettext("…")` in views. Texts of the rules are marked there by
`mark` and translated by the door that shows them.
"""

from urllib.parse import urlencode

import flask_babel
from babel import Locale
from flask import Flask, Response, g, has_request_context, request
from werkzeug.datastructures import LanguageAccept

from orders.languages import ENGLISH, languages

PARAMETER = "lang"  # in an address: `?lang=de`
COOKIE = "language"
COOKIE_SECONDS = 365 * 86_400


def start_languages(app: Flask) -> None:
    """Give the application its languages, and the templates what they need for them."""
    flask_babel.Babel(app, default_locale=ENGLISH, locale_selector=language_of_request)
    app.jinja_env.globals.update(language=language, other_languages=other_languages)


def language_of_request() -> str:
    """Choose: what the address asks for, the cookie, the browser, the org, or English.

    The desk speaks English until all of its texts are in the catalogues.
    """
    if not has_request_context() or not is_for_customers(request.path):
        return ENGLISH
    known = languages()
    wishes = (_asked_for(), request.cookies.get(COOKIE), _accepted(), g.get("language_of_org"))
    return next((wish for wish in wishes if wish in known), ENGLISH)


def gettext(text: str, **values: object) -> str:
    """Translate a text; its values stand in it as `%(name)s`."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """Translate a text that depends on a number, which is `%(num)s` in it."""
    return str(flask_babel.ngettext(one, many, number, **values))


def prefer(code: str | None) -> None:
    """Name the org's language, for people whose address, cookie and browser ask for none."""
    g.language_of_org = code
    flask_babel.refresh()  # something may have been said already


def language() -> str:
    """Give the code of the page's language, for `<html lang>`."""
    locale: Locale | None = flask_babel.get_locale()
    return str(locale) if locale else ENGLISH


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
