"""The provider of company accounts, where people sign in (OpenID Connect, by Authlib).

The authorization code flow with PKCE, `state`, and `nonce`. The provider's addresses and keys are
found by discovery and kept for KEPT_FOR. This is the only module that needs the extra `oidc`.
"""

import contextlib
import hmac
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OAuthError, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import JoseError

from orders.domain.company_accounts import (
    CompanyIdentity,
    ProviderFailed,
    is_email_verified,
    read_roles,
    role_of,
)
from orders.domain.texts import Text, lazy_gettext
from orders.settings import Settings
from orders.storage.sqlite import request_lock

TIME_LIMIT = 10  # seconds, for connecting and for each part of an answer
KEPT_FOR = 3600  # seconds
# Signatures by keys that only the provider has.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
              "EdDSA")  # fmt: skip
_log = logging.getLogger(__name__)
# What the libraries raise for an answer that is not valid; the last two for times that are none.
_NOT_VALID = (JoseError, KeyError, TypeError, ValueError, AttributeError, RuntimeError,
              OverflowError, OSError)  # fmt: skip
OUT_OF_REACH = lazy_gettext(
    "%(name)s does not answer at the moment. Try again later, or sign in with your password."
)
CANCELED = lazy_gettext("Signing in with %(name)s was canceled.")
REFUSED = lazy_gettext("%(name)s did not sign you in. Try again, or sign in with your password.")
TOO_LATE = lazy_gettext("This sign-in with %(name)s has ended. Start it again.")
UNPROVEN = lazy_gettext(
    "The answer of %(name)s could not be verified, so you are not signed in. Try again, or contact"
    " an admin."
)


@dataclass(frozen=True, slots=True)
class StartedSignIn:
    """A sign-in that has begun: the URL to which the browser goes, and what must be kept.

    `kept` has JSON values; `CompanyProvider.finish` needs it.
    """

    url: str
    kept: dict[str, str]


class _Client(OAuth2Mixin, OpenIDMixin, BaseApp):
    """Authlib's client for one provider, without a web framework."""

    client_cls = OAuth2Session


class CompanyProvider:
    """The provider that the settings name, which must have an OIDC_ISSUER. Threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._roles = read_roles(settings.oidc_roles)
        self._client: _Client | None = None
        self._made_at = 0.0

    @property
    def name(self) -> str:
        """The name of the provider for people."""
        return self._settings.oidc_name or str(urlsplit(self._settings.oidc_issuer).hostname)

    def start(self, redirect_uri: str, *, again: bool = False) -> StartedSignIn:
        """Begin a sign-in, after which the provider redirects to `redirect_uri`.

        With `again`, the provider asks even people who are signed in there for their password or
        the like. Raises ProviderFailed if the provider cannot be reached.
        """
        fresh = {"prompt": "login", "max_age": "0"} if again else {}
        with self._reporting():
            made = self._ready().create_authorization_url(redirect_uri, **fresh)
        kept = {name: made[name] for name in ("state", "nonce", "code_verifier")}
        return StartedSignIn(made["url"], {**kept, "redirect_uri": redirect_uri})

    def finish(self, answer: Mapping[str, str], kept: Mapping[str, str]) -> CompanyIdentity:
        """Return the person whom the provider has signed in.

        `answer` is the query of the provider's redirect; `kept` is that of the sign-in that began
        in this browser, or empty. Raises ProviderFailed if the provider cannot be reached or
        reports an error, or if the answer belongs to another sign-in or is not valid.
        """
        state = kept.get("state", "")
        if not state or not hmac.compare_digest(answer.get("state", "").encode(), state.encode()):
            raise self._failed(TOO_LATE)
        if error := answer.get("error"):
            _log.warning("The provider of company accounts reports %.200r", error)
            raise self._failed(CANCELED if error == "access_denied" else REFUSED)
        with self._reporting():
            client = self._ready()
            if answer.get("iss", self._issuer(client)) != self._issuer(client):  # RFC 9207
                raise self._failed(UNPROVEN)
            token = client.fetch_access_token(
                kept["redirect_uri"], code=answer["code"], code_verifier=kept["code_verifier"]
            )
            return self._identity(self._claims(client, token, kept["nonce"]))

    def _claims(self, client: _Client, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        """Return what a valid ID token says, and beside it what the userinfo endpoint says."""
        if "id_token" not in token:
            raise self._failed(UNPROVEN)
        expected = {
            "iss": {"essential": True, "value": self._issuer(client)},
            "aud": {"essential": True, "value": client.client_id},
            "sub": {"essential": True},
        }
        claims = dict(client.parse_id_token(token, nonce, claims_options=expected))
        wanted = {"email", self._settings.oidc_role_claim.partition(".")[0]} - {""}
        if wanted <= claims.keys() or "userinfo_endpoint" not in client.server_metadata:
            return claims
        more = client.userinfo(token=token)
        if more.get("sub") != claims["sub"]:  # OpenID Connect Core 1.0, 5.3.2
            raise self._failed(UNPROVEN)
        return {**more, **claims}

    def _identity(self, claims: Mapping[str, Any]) -> CompanyIdentity:
        proven, settings = claims.get("auth_time"), self._settings
        return CompanyIdentity(
            issuer=str(claims["iss"]),
            subject=str(claims["sub"]),
            email=str(claims.get("email") or "").strip().lower(),
            is_verified=is_email_verified(claims),
            name=str(claims.get("name") or ""),
            role=role_of(claims, settings.oidc_role_claim, self._roles),
            proven_at=datetime.fromtimestamp(proven, UTC) if proven else None,
        )

    def _ready(self) -> _Client:
        """Return a client that knows the provider's addresses; it may ask for them first."""
        client, now = self._client, time.monotonic()
        if client is None or self._made_at < now - KEPT_FOR:
            client = self._new_client()
            # Other threads see it once it is complete.
            self._client, self._made_at = client, now
        return client

    def _new_client(self) -> _Client:
        settings, issuer = self._settings, self._settings.oidc_issuer.rstrip("/")
        options = {
            "scope": settings.oidc_scopes,
            "code_challenge_method": "S256",
            "default_timeout": TIME_LIMIT,
        }
        client = _Client(
            framework=None,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs=options,
        )
        found = client.load_server_metadata()
        if self._issuer(client).rstrip("/") != issuer:
            _log.error("OIDC_ISSUER is %s, but its own name is %s", issuer, self._issuer(client))
            raise self._failed(UNPROVEN)
        offered = found.get("id_token_signing_alg_values_supported", ["RS256"])
        found["id_token_signing_alg_values_supported"] = [x for x in offered if x in ALGORITHMS]
        if "client_secret_basic" not in found.get(
            "token_endpoint_auth_methods_supported", ["client_secret_basic"]
        ):
            options["token_endpoint_auth_method"] = "client_secret_post"  # noqa: S105 - a name
        return client

    @staticmethod
    def _issuer(client: _Client) -> str:
        return str(client.server_metadata.get("issuer", ""))

    def _failed(self, sentence: Text) -> ProviderFailed:
        return ProviderFailed(lazy_gettext(sentence, name=self.name))

    @contextlib.contextmanager
    def _reporting(self) -> Iterator[None]:
        """Return a context manager for requests to the provider; it reports their errors.

        It raises ProviderFailed, and logs the reason, which never contains a token or a secret.
        """
        request_lock.release()  # the provider may be slow, and other requests should not wait
        try:
            yield
        except requests.RequestException as error:
            _log.warning("The provider of company accounts cannot be reached: %s", error)
            raise self._failed(OUT_OF_REACH) from error
        except OAuthError as error:
            _log.warning("The provider of company accounts refused: %.200r", error.error)
            raise self._failed(REFUSED) from error
        except _NOT_VALID as error:
            _log.warning("The provider of company accounts sent what is not valid: %r", error)
            raise self._failed(UNPROVEN) from error
