"""Two linters find no fault in the description, and would find one."""

import json

import pytest

from tests.clients.conftest import HERE, run, succeeded

LINTERS = {
    "spectral": ["lint", "--ruleset", HERE / ".spectral.yaml", "--fail-severity", "warn"],
    "redocly": ["lint", "--config", HERE / "redocly.yaml"],
}
BADGES = "/api_gateway/v1/badges/badgeMeta"

each_linter = pytest.mark.parametrize("linter", LINTERS)


@each_linter
def test_the_api_description_has_no_lint_error(node, description, write, linter):
    succeeded(node / linter, *LINTERS[linter], write(json.loads(description)))


@each_linter
@pytest.mark.parametrize("fault", ["operation without responses", "example that does not fit"])
def test_a_lint_error_is_found(node, description, write, linter, fault):
    broken = json.loads(description)
    operation = broken["paths"][BADGES]["post"]
    if fault == "operation without responses":
        operation["responses"] = "none"
    else:
        content = operation["requestBody"]["content"]["application/json"]
        next(iter(content["examples"].values()))["value"]["earnType"] = 7

    done = run(node / linter, *LINTERS[linter], write(broken))

    assert done.returncode != 0, done.stdout
