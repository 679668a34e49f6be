"""Who calls: an integrator, by client id and secret or by an OAuth 2 token. Never a person."""

import base64
import binascii

from django.contrib.auth.hashers import check_password, make_password
from oauth2_provider.contrib.rest_framework import OAuth2Authentication
from oauth2_provider.oauth2_validators import OAuth2Validator
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from badges.api import callers
from badges.models import Channel, Integrator
from badges.services.access import issue_token
from badges.services.requests import Origin

# Verified in place of the secret of an integrator that does not exist, so that both take as long.
NOBODYS_SECRET = make_password("", hasher="integrator_secret")


def client_id_of(request) -> str:
    """Return the client id that a request names with HTTP Basic, proved or not; or nothing."""
    scheme, _space, credentials = get_authorization_header(request).partition(b" ")
    if scheme.lower() != b"basic":
        return ""
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


class BasicAuthentication(BaseAuthentication):
    """HTTP Basic with an integrator's client id and secret; staff passwords are not accepted."""

    def authenticate(self, request):
        scheme, _space, credentials = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"basic":
            return None
        client_id, secret = self._decoded(credentials)
        integrator = Integrator.objects.principal(client_id=client_id)
        known = integrator.knows(secret) if integrator else check_password(secret, NOBODYS_SECRET)
        if not known or integrator is None or not integrator.is_active:
            raise AuthenticationFailed
        until = integrator.previous_secret_ends_at if integrator.overlaps else None
        callers.remember(request.headers["Authorization"], integrator, until=until)
        return integrator, None

    def authenticate_header(self, request):
        """Challenge for both schemes: the framework asks the first one alone."""
        return 'Basic realm="badges", Bearer realm="badges"'

    @staticmethod
    def _decoded(credentials: bytes) -> tuple[str, str]:
        try:
            text = base64.b64decode(credentials.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise AuthenticationFailed from None
        client_id, colon, secret = text.partition(":")
        if not colon or "\0" in text:
            raise AuthenticationFailed
        return client_id, secret


class OAuthAuthentication(OAuth2Authentication):
    """A bearer token of the client credentials grant stands for its integrator."""

    def authenticate(self, request):
        if get_authorization_header(request).partition(b" ")[0].lower() != b"bearer":
            return None  # the toolkit would also take a token from the body or the address
        found = super().authenticate(request)
        if found is None:
            raise AuthenticationFailed
        _user, token = found
        integrator = Integrator.objects.principal(pk=token.application_id)
        if integrator is None or not integrator.is_active:
            raise AuthenticationFailed
        header = request.headers["Authorization"]
        callers.remember(header, integrator, token_id=token.pk, until=token.expires)
        return integrator, token


class SecretsValidator(OAuth2Validator):
    """The toolkit's check of a client that asks for a token, with the secret before a rotation.

    Each token that it stores leaves a row in the request log.
    """

    def save_bearer_token(self, token, request, *args, **kwargs):
        origin = Origin(channel=Channel.API, integrator=request.client)
        with issue_token(origin=origin, address=request.headers.get("REMOTE_ADDR", "")):
            return super().save_bearer_token(token, request, *args, **kwargs)

    def _authenticate_basic_auth(self, request):
        return _with_either_secret(super()._authenticate_basic_auth, request)

    def _authenticate_request_body(self, request):
        return _with_either_secret(super()._authenticate_request_body, request)


def _with_either_secret(check, request) -> bool:
    """Ask a check of the toolkit, which knows one secret, for both while they overlap."""
    if check(request):
        return True
    client = request.client
    if client is None or not client.overlaps:
        return False
    # For this question alone: the row is never saved from here.
    latest, client.client_secret = client.client_secret, client.previous_secret
    try:
        return check(request)
    finally:
        client.client_secret = latest
