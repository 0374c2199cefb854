"""The signed cookie by which a browser sees an order after its customer ID was verified.

The signature covers one order and its current customer ID (`lock_of`): the cookie unlocks no other
order, and stops working when the ID changes. It contains no readable data.
"""

import hashlib
import math
from datetime import timedelta

from flask import current_app, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from orders.interfaces.http.current_settings import current_settings
from orders.interfaces.http.i18n import ngettext

COOKIE = "open"
LIFE = timedelta(days=30)


def is_unlocked(lock: str) -> bool:
    """Return whether the request has a valid cookie for this lock, a text from `lock_of`."""
    sent = request.cookies.get(COOKIE)
    if not sent:
        return False
    try:
        _signer(lock).loads(sent, max_age=int(LIFE.total_seconds()))
    except BadSignature:
        return False
    return True


def set_unlock_cookie(response: Response, code: str, lock: str) -> None:
    """Set the cookie for this lock on the path of the order with this short ID (`code`)."""
    response.set_cookie(
        COOKIE,
        str(_signer(lock).dumps("open")),
        LIFE,
        path=url_for("customer.show_order", code=code),
        secure=current_settings().has_secure_cookies or request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def too_many_tries_message(seconds: int) -> str:
    """Return the message that an order accepts no tries for this time, rounded up to minutes."""
    return ngettext(
        "Too many wrong numbers for this order. Please try again in a minute.",
        "Too many wrong numbers for this order. Please try again in %(num)s minutes.",
        math.ceil(seconds / 60),
    )


def _signer(lock: str) -> URLSafeTimedSerializer:
    # The salt is part of the signing key, so a signature is valid for this lock only.
    salt = f"second fact:{lock}".encode("utf-8", "surrogatepass")
    return URLSafeTimedSerializer(
        str(current_app.secret_key),
        salt=salt,
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
