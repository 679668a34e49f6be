"""The OpenAPI description, and the page that shows it."""

import pytest
from drf_spectacular.validation import validate_schema

from tests.api.conftest import EARN

pytestmark = pytest.mark.django_db


@pytest.fixture
def description(client):
    return client.get("/api/schema/", {"format": "json"}).json()


def test_the_description_is_valid_openapi(description):
    validate_schema(description)


def test_an_earn_is_described_with_all_its_answers(description):
    earn = description["paths"][EARN]["post"]

    assert earn["operationId"] == "earn"
    assert set(earn["responses"]) == {
        "200", "400", "401", "403", "404", "409", "413", "415", "422", "500", "503",
    }  # fmt: skip
    assert "811" in earn["responses"]["409"]["description"]


def test_writing_operations_know_the_idempotency_key(description):
    for path in description["paths"].values():
        for method, operation in path.items():
            headers = [given["name"] for given in operation.get("parameters", [])]
            assert ("Idempotency-Key" in headers) == (method in ("post", "put"))
            assert ("422" in operation["responses"]) == (method in ("post", "put"))


def test_every_operation_names_its_security(description):
    for path in description["paths"].values():
        for operation in path.values():
            assert operation["security"] == [{"basic": []}, {"oauth2": ["badges"]}]


def test_swagger_has_no_inline_script_and_loads_nothing_from_elsewhere(client):
    answer = client.get("/api/docs/")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<script>" not in page
    assert "//cdn" not in page
    assert "script-src 'self'" in answer["Content-Security-Policy"]
