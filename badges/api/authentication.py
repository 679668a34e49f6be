"""Authentication of integrators by client id and secret or by OAuth 2 token, never of users."""

import base64
import binascii

from django.contrib.auth.hashers import check_password, make_password
from django.urls import reverse
from oauth2_provider.contrib.rest_framework import OAuth2Authentication
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2 import InvalidClientError
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from badges.api import credential_cache
from badges.client_address import client_address
from badges.models import Channel, Integrator
from badges.services.access.integrators import lock_for_token
from badges.services.access.sign_in import issue_token
from badges.services.request_log import Origin

# Verified if the client id is unknown, so that the response takes as long as for a wrong secret.
DUMMY_SECRET = make_password("", hasher="integrator_secret")

BASIC, BEARER = 'Basic realm="badges"', 'Bearer realm="badges"'


def claimed_client_id(request) -> str:
    """Return the unverified client id of an HTTP Basic header, or an empty string."""
    scheme, _space, credentials = get_authorization_header(request).partition(b" ")
    if scheme.lower() != b"basic":
        return ""
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def is_plausible(header: str) -> bool:
    """Return whether an Authorization header has the form of valid credentials."""
    scheme, _space, credentials = header.partition(" ")
    if scheme.lower() == "bearer":
        return bool(credentials.strip())
    if scheme.lower() != "basic":
        return False
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True)
    except ValueError:
        return False
    client_id, _colon, secret = decoded.partition(b":")
    return bool(client_id and secret)


class BasicAuthentication(BaseAuthentication):
    """HTTP Basic with an integrator's client id and secret. Staff passwords are not accepted."""

    def authenticate(self, request):
        scheme, _space, credentials = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"basic":
            return None
        client_id, secret = self._decode(credentials)
        integrator = Integrator.objects.principal(client_id=client_id)
        is_valid = integrator.knows(secret) if integrator else check_password(secret, DUMMY_SECRET)
        if not is_valid or integrator is None or not integrator.is_active:
            raise AuthenticationFailed
        until = integrator.previous_secret_ends_at if integrator.overlaps else None
        credential_cache.remember(request.headers["Authorization"], integrator, until=until)
        return integrator, None

    def authenticate_header(self, request):
        """Return a challenge for both schemes, because the framework only asks the first one.

        A script, such as that of the API documentation, gets no challenge for HTTP Basic: the
        browser would ask for a password itself, and the script would wait for it.
        """
        return BEARER if _is_from_script(request) else f"{BASIC}, {BEARER}"

    @staticmethod
    def _decode(credentials: bytes) -> tuple[str, str]:
        try:
            text = base64.b64decode(credentials.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise AuthenticationFailed from None
        client_id, colon, secret = text.partition(":")
        if not colon or "\0" in text:
            raise AuthenticationFailed
        return client_id, secret


def _is_from_script(request) -> bool:
    """Return whether a script in a browser sends a request.

    Browsers say so on secure origins only, and name the page on all of them.
    """
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return mode != "navigate" or request.headers.get("Referer", "").endswith(reverse("swagger"))


class OAuthAuthentication(OAuth2Authentication):
    """Authentication with a bearer token of the client credentials grant."""

    def authenticate(self, request):
        if get_authorization_header(request).partition(b" ")[0].lower() != b"bearer":
            return None  # the toolkit would also accept a token from the body or the URL
        authenticated = super().authenticate(request)
        if authenticated is None:
            raise AuthenticationFailed
        _user, token = authenticated
        integrator = Integrator.objects.principal(pk=token.application_id)
        if integrator is None or not integrator.is_active:
            raise AuthenticationFailed
        header = request.headers["Authorization"]
        credential_cache.remember(header, integrator, token_id=token.pk, until=token.expires)
        return integrator, token


class SecretsValidator(OAuth2Validator):
    """The toolkit's validator, which also accepts the previous secret while both overlap.

    It records every token that it stores in the request log.
    """

    def save_bearer_token(self, token, request, *args, **kwargs):
        origin = Origin(channel=Channel.API, integrator=request.client)
        with issue_token(origin=origin, address=client_address(request.headers)):
            self._check_unchanged(request)
            return super().save_bearer_token(token, request, *args, **kwargs)

    def _check_unchanged(self, request) -> None:
        """Verify a client again if it changed meanwhile. Raises InvalidClientError on failure."""
        integrator = lock_for_token(request.client.pk)
        if integrator is not None and integrator.stamp == request.client.stamp:
            return
        request.client = None
        if integrator is None or not self.authenticate_client(request):
            raise InvalidClientError(request=request)

    def _load_application(self, client_id, request):
        """Return None for an id with a NUL, because PostgreSQL rejects such a query."""
        if client_id and "\0" in client_id:
            return None
        return super()._load_application(client_id, request)

    def _authenticate_basic_auth(self, request):
        return _check_either_secret(super()._authenticate_basic_auth, request)

    def _authenticate_request_body(self, request):
        return _check_either_secret(super()._authenticate_request_body, request)


def _check_either_secret(check, request) -> bool:
    """Run a check of the toolkit with the current and, while it overlaps, the previous secret."""
    if check(request):
        return True
    client = request.client
    if client is None or not client.overlaps:
        return False
    # Only for this check: the row is never saved here.
    current_secret, client.client_secret = client.client_secret, client.previous_secret
    try:
        return check(request)
    finally:
        client.client_secret = current_secret
