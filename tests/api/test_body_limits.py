"""Requests without plausible credentials may send small bodies only."""

import pytest
from django.conf import settings

from badges.api.body_limits import body_limit
from tests.api.conftest import EARN, basic

KEY = "0123456789abcdefghijklmnopqrstuv"


def limit(path, **environ):
    return body_limit({"PATH_INFO": path, **environ})


@pytest.mark.parametrize(
    ("path", "environ"),
    [
        (EARN, {"HTTP_AUTHORIZATION": basic("loyalty-engine")["authorization"]}),
        (EARN, {"HTTP_AUTHORIZATION": "Bearer x"}),
        ("/desk/", {"HTTP_COOKIE": f"sessionid={KEY}"}),
        ("/desk/", {"HTTP_COOKIE": f"csrftoken=a; sessionid={KEY}; django_language=de"}),
    ],
)
def test_a_request_with_credentials_may_have_a_large_body(path, environ):
    assert limit(path, **environ) == settings.DATA_UPLOAD_MAX_MEMORY_SIZE


@pytest.mark.parametrize(
    ("path", "environ"),
    [
        (EARN, {}),
        (EARN, {"HTTP_COOKIE": f"sessionid={KEY}"}),
        *((EARN, {"HTTP_AUTHORIZATION": header}) for header in ("Basic x", "Bearer ", "Digest x")),
        *(
            (EARN, {"HTTP_AUTHORIZATION": basic(*pair)["authorization"]})
            for pair in (("", "x"), ("x", ""))
        ),
        ("/desk/", {}),
        ("/desk/", {"HTTP_AUTHORIZATION": "Bearer x"}),
        ("/desk/", {"HTTP_COOKIE": "sessionid=x"}),
        ("/desk/", {"HTTP_COOKIE": f"other_sessionid={KEY}"}),
        ("/desk/", {"HTTP_COOKIE": f"sessionid={KEY}x"}),
        ("/admin/login/", {"HTTP_COOKIE": f"csrftoken={KEY}"}),
        ("/o/token/", {"HTTP_COOKIE": f"sessionid={KEY}"}),
        ("/o/token/", {"HTTP_AUTHORIZATION": basic("loyalty-engine")["authorization"]}),
    ],
)
def test_a_request_without_credentials_may_have_a_small_body(path, environ):
    assert limit(path, **environ) == settings.SMALL_BODY
