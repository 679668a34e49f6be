"""The environment of a WSGI application, from the scope of an ASGI server."""

import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

COMMON_HEADERS = (
    *(b"accept", b"accept-encoding", b"authorization", b"connection", b"content-length"),
    *(b"content-type", b"cookie", b"host", b"user-agent", b"x-forwarded-for", b"x-forwarded-proto"),
)
SERVER_VARIABLES = {
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}
WITHOUT_PREFIX = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


def environ_of(scope: Mapping[str, Any]) -> dict:
    """Return the environment of a request, without its body."""
    server, port = scope["server"]
    address, client_port = scope["client"]
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": address,
        "REMOTE_PORT": str(client_port),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        **SERVER_VARIABLES,
        **_headers(scope["headers"]),
    }


def _headers(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers by their names in the environment; repeated headers are joined.

    A header with an underscore is left out, because it could imitate one with a hyphen.
    """
    environ_headers: dict[str, str] = {}
    for name, value in headers:
        if b"_" in name:
            continue
        key, text = NAMES.get(name) or _key(name), value.decode("latin-1")
        if key in environ_headers:
            text = f"{environ_headers[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
        environ_headers[key] = text
    return environ_headers


def _key(name: bytes) -> str:
    return "HTTP_" + name.decode("latin-1").upper().replace("-", "_")


NAMES = {name: WITHOUT_PREFIX.get(name) or _key(name) for name in COMMON_HEADERS}
