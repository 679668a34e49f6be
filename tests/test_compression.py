"""Pages are compressed, except those that show a secret; calls of the API are not (F28)."""

import gzip

import pytest
from django.http import HttpResponse, StreamingHttpResponse

from badgeadmin.compression import PageCompressionMiddleware
from badges.desk.access import keep_secret
from tests.marked import is_kept_secret

GZIP = {"headers": {"accept-encoding": "gzip, deflate, br"}}
TEXT = "a page of the desk " * 100


def compressed(rf, response, **request):
    middleware = PageCompressionMiddleware(lambda _request: response)
    return middleware(rf.get("/", **request or GZIP))


def test_a_page_is_compressed(rf):
    answer = compressed(rf, HttpResponse(TEXT))

    assert answer["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer["Vary"]
    assert gzip.decompress(answer.content).decode() == TEXT


def test_the_size_of_a_compressed_page_is_random(rf):
    sizes = {len(compressed(rf, HttpResponse(TEXT)).content) for _each in range(50)}

    assert len(sizes) > 1


def test_a_page_is_not_compressed_for_a_browser_that_does_not_accept_it(rf):
    answer = compressed(rf, HttpResponse(TEXT), headers={"accept-encoding": "identity"})

    assert "Content-Encoding" not in answer


@pytest.mark.parametrize(
    "response",
    [
        keep_secret(HttpResponse(TEXT)),
        HttpResponse(TEXT, content_type="application/json"),
        StreamingHttpResponse([TEXT.encode()], content_type="text/csv"),
    ],
    ids=["page with a secret", "response of the API", "export"],
)
def test_other_responses_are_not_compressed(rf, response):
    assert "Content-Encoding" not in compressed(rf, response)


@pytest.mark.parametrize(
    "element",
    [
        '<code id="client-secret" class="copy-whole">',
        '<code class="desk-secret">',
        '<pre class="sign-in-codes">',
    ],
)
def test_the_suite_finds_a_page_with_a_secret_that_may_be_compressed(rf, element):
    page = HttpResponse(f"{element}{TEXT}")

    assert not is_kept_secret(page)
    assert not is_kept_secret(compressed(rf, page))
    assert is_kept_secret(keep_secret(HttpResponse(page.content)))


@pytest.mark.django_db
def test_pages_of_the_desk_and_the_admin_are_compressed(admin_client):
    schema = "/api/schema/?format=json"  # in the type of a call of the API
    for path in ("/desk/", "/desk/issue/", "/admin/auth/user/", "/api/docs/", schema):
        assert admin_client.get(path, **GZIP)["Content-Encoding"] == "gzip"
