"""What lets a browser into an order that asks for a second fact: a signed cookie of its own.

The signature is made for one order and its customer ID as it is: it opens no other order, and ends
when the ID is changed. The cookie holds nothing that could be read.
"""

import hashlib
import math
from datetime import timedelta

from flask import current_app, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from orders.web.in_force import settings_in_force
from orders.web.language import ngettext

COOKIE = "open"
LIFE = timedelta(days=30)


def is_open(lock: str) -> bool:
    """Tell whether this browser has told what the lock asks for."""
    sent = request.cookies.get(COOKIE)
    if not sent:
        return False
    try:
        _signer(lock).loads(sent, max_age=int(LIFE.total_seconds()))
    except BadSignature:
        return False
    return True


def keep_open(response: Response, code: str, lock: str) -> None:
    """Let this browser into the order with this code, below its address and nowhere else."""
    response.set_cookie(
        COOKIE,
        str(_signer(lock).dumps("open")),
        LIFE,
        path=url_for("customer.show_order", code=code),
        secure=settings_in_force().has_secure_cookies or request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def wait_sentence(seconds: int) -> str:
    """Say that this order takes no more tries, and for how long."""
    minutes = math.ceil(seconds / 60)
    return ngettext(
        "Too many wrong numbers for this order. Please try again in a minute.",
        "Too many wrong numbers for this order. Please try again in %(num)s minutes.",
        minutes,
    )


def _signer(lock: str) -> URLSafeTimedSerializer:
    # The salt becomes a part of the key: only this lock's own signature fits.
    salt = f"second fact:{lock}".encode("utf-8", "surrogatepass")
    return URLSafeTimedSerializer(
        str(current_app.secret_key),
        salt=salt,
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
