"""The OpenAPI description and the page that shows it."""

import re

import pytest
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from badges.api.schema.enums import share_enums
from badges.errors import error_table
from tests.api.conftest import EARN, basic

TOKEN = "/o/token"

pytestmark = pytest.mark.django_db


@pytest.fixture
def description(client):
    return client.get("/api/schema/", {"format": "json"}).json()


def test_the_api_description_is_valid_openapi(description):
    validate_schema(description)


def test_the_earn_operation_describes_all_its_responses(description):
    earn = description["paths"][EARN]["post"]

    assert earn["operationId"] == "earn"
    assert set(earn["responses"]) == {
        "200", "400", "401", "403", "404", "408", "409", "413", "415", "422", "429", "500", "503",
    }  # fmt: skip
    assert "811" in earn["responses"]["409"]["description"]


def operations(description):
    """Return every operation except the token endpoint, with its method."""
    return [
        (method, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        if path != TOKEN
    ]


def nodes(part):
    """Yield every object of the description at any depth."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            yield from nodes(inner)


def test_writing_operations_accept_an_idempotency_key(description):
    for method, operation in operations(description):
        headers = [given["name"] for given in operation.get("parameters", [])]
        assert ("Idempotency-Key" in headers) == (method in ("post", "put"))
        assert ("422" in operation["responses"]) == (method in ("post", "put"))


def test_every_operation_names_its_security(description):
    for _method, operation in operations(description):
        assert operation["security"] == [{"basic": []}, {"oauth2": ["badges"]}]


def test_every_operation_describes_its_temporary_refusal(description):
    for methods in description["paths"].values():
        for method, operation in methods.items():
            responses = operation["responses"]
            assert {"400", "401", "408", "429", "503"} <= set(responses)
            for status in ("429", "503"):
                assert "Retry-After" in responses[status]["headers"]
            if method in ("post", "put"):
                assert "413" in responses


def test_operations_that_read_a_body_name_its_media_type(description):
    for method, operation in operations(description):
        assert ("415" in operation["responses"]) == (method in ("post", "put"))


def test_operation_ids_are_verbs(description):
    ids = [operation["operationId"] for _method, operation in operations(description)]

    assert len(set(ids)) == len(ids)
    verbs = (
        *("activate", "claim", "create", "deactivate", "earn", "enrol", "get", "import", "list"),
        *("revoke", "unclaim", "update"),
    )
    for operation_id in ids:
        verb = re.match("[a-z]+", operation_id)[0]
        assert verb in verbs, operation_id


def test_every_tag_is_described(description):
    tags = {tag["name"]: tag["description"] for tag in description["tags"]}
    used = {
        operation["tags"][0]
        for each in description["paths"].values()
        for operation in each.values()
    }

    assert used == set(tags)
    assert all(tags.values())


def test_a_list_in_a_query_is_comma_separated(description):
    lists = {
        given["name"]: given
        for _method, operation in operations(description)
        for given in operation.get("parameters", [])
        if given["schema"].get("type") == "array"
    }

    assert set(lists) == {"status", "badgeStatus"}
    for given in lists.values():
        assert (given["style"], given["explode"]) == ("form", False)
        assert given["schema"]["items"] == {"$ref": "#/components/schemas/BadgeStatus"}


def test_every_closed_list_of_values_is_described_once(description):
    schemas = description["components"]["schemas"]
    named = [node for node in schemas.values() if "enum" in node]
    described = [node for node in nodes(description) if isinstance(node.get("enum"), list)]
    inline = [node["enum"] for node in described if node not in named]

    assert all(values == ["true"] for values in inline)  # the header that marks a repeated response
    values = [frozenset(node["enum"]) for node in named]
    assert len(set(values)) == len(values)


def test_a_list_of_values_without_a_name_is_an_error():
    result = {"components": {"schemas": {"New": {"type": "string", "enum": ["A", "B"]}}}}

    with pytest.raises(LookupError, match="has no name for the values"):
        share_enums(result, None, None, True)


def test_schemas_have_no_reserved_names_and_no_repetitions(description):
    names = set(description["components"]["schemas"])

    assert not names & {"Error", "Warning", "NullEnum", "BlankEnum"}
    assert not [name for name in names if name.endswith("InputRequest")]


def test_patterns_are_those_of_javascript(description):
    patterns = [node["pattern"] for node in nodes(description) if "pattern" in node]

    assert patterns
    assert not [pattern for pattern in patterns if "(?" in str(pattern)]


def test_every_schema_is_used(description):
    used = {node["$ref"].rpartition("/")[2] for node in nodes(description) if "$ref" in node}

    assert used == set(description["components"]["schemas"])


def test_fields_that_are_always_null_have_the_type_null(description):
    failure = description["components"]["schemas"]["Failure"]["properties"]

    assert failure["data"] == failure["warnings"] == {"type": "null"}
    assert not [node for node in nodes(description) if "nullable" in node]


def test_texts_do_not_refer_to_internal_documents(client):
    text = client.get("/api/schema/", {"format": "json"}).content.decode()

    assert not re.search(r"[Cc]ontract, |design, |` - |context", text)


def test_the_token_endpoint_is_an_operation(client, description, integrator):
    operation = description["paths"][TOKEN]["post"]
    form = {"grant_type": "client_credentials", "scope": "badges"}
    schemas = {"components": description["components"]}

    answers = {
        "200": client.post(TOKEN, form, headers=basic(integrator.client_id)),
        "401": client.post(TOKEN, form, headers=basic(integrator.client_id, "wrong")),
        "400": client.post(TOKEN, {"grant_type": "x"}, headers=basic(integrator.client_id)),
        "415": client.post(TOKEN, form, headers={"content-encoding": "gzip"}),
    }

    assert "application/x-www-form-urlencoded" in operation["requestBody"]["content"]
    for status, answer in answers.items():
        assert answer.status_code == int(status)
        schema = operation["responses"][status]["content"]["application/json"]["schema"]
        Draft202012Validator(schema | schemas).validate(answer.json())


def test_every_example_is_valid(description):  # F21
    components = {"components": description["components"]}
    examples = [
        (name, field, field["example"])
        for schema in description["components"]["schemas"].values()
        for name, field in schema.get("properties", {}).items()
        if "example" in field
    ]
    examples += [
        (name, body["schema"], example["value"])
        for body in nodes(description)
        if "schema" in body and "examples" in body
        for name, example in body["examples"].items()
    ]

    for name, schema, value in examples:
        faults = list(Draft202012Validator(schema | components).iter_errors(value))
        assert not faults, (name, value)


def test_every_refusal_has_an_example_for_each_of_its_codes(description):  # F21
    for _method, operation in operations(description):
        for status, response in operation["responses"].items():
            if int(status) < 400:
                continue
            examples = response["content"]["application/json"]["examples"]
            errors = [example["value"]["errors"][0] for example in examples.values()]
            texts = [f"{error['code']}: {error['message']}" for error in errors]
            assert "; ".join(texts) == response["description"]


def test_a_success_has_an_empty_list_of_errors_in_its_example(description):  # F21
    schemas = description["components"]["schemas"]
    envelopes = [schema for name, schema in schemas.items() if name.endswith("Envelope")]

    assert envelopes
    for envelope in envelopes:
        assert envelope["properties"]["errors"]["example"] == []
        assert envelope["properties"]["warnings"]["example"] == []


def test_the_introduction_has_every_code(description):
    introduction = description["info"]["description"]

    assert "grant_type=client_credentials" in introduction
    assert introduction.endswith(error_table())


def test_the_api_description_names_its_server(description):
    assert [server["url"] for server in description["servers"]] == ["/"]


def test_swagger_has_no_inline_script_and_loads_nothing_from_elsewhere(client):
    answer = client.get("/api/docs/")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<script>" not in page
    assert "//cdn" not in page
    assert "script-src 'self'" in answer["Content-Security-Policy"]
