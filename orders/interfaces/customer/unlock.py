"""The signed cookie that lets a browser see an order after the customer ID was verified.

It is signed for a lock: a text, made by `lock_of`, that contains the order's ID and its current
customer ID. The cookie therefore unlocks no other order and stops working when the customer ID
changes. The cookie itself contains no data about the order.
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
    """Return whether the request has a valid unlock cookie for `lock`.

    `lock` is the text that `lock_of` returns for an order and its customer ID.
    """
    sent = request.cookies.get(COOKIE)
    if not sent:
        return False
    try:
        _signer(lock).loads(sent, max_age=int(LIFE.total_seconds()))
    except BadSignature:
        return False
    return True


def set_unlock_cookie(response: Response, code: str, lock: str) -> None:
    """Set the cookie that unlocks an order, restricted to the URL path of the order's page.

    `code` is the order's short ID. `lock` is the text that `lock_of` returns for the order and its
    customer ID.
    """
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
    """Return the message that tells customers how long to wait after too many wrong IDs.

    It states `seconds` in minutes, rounded up.
    """
    return ngettext(
        "Too many wrong customer numbers for this order. Please try again in a minute.",
        "Too many wrong customer numbers for this order. Please try again in %(num)s minutes.",
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
