"""A generated client in Python passes the type checker and works."""

import json
import shutil
from pathlib import Path

import pytest

from tests.clients.conftest import HERE, run, succeeded

BADGES = "/api_gateway/v1/badges/badgeMeta"


@pytest.fixture
def generate(python, write, tmp_path):
    """Return a function that generates a client from a description and adds `walk.py`."""

    def generated(description: dict) -> Path:
        succeeded(
            *(python / "openapi-python-client", "generate", "--path", write(description)),
            *("--meta", "none", "--output-path", tmp_path / "badges_client"),
            *("--fail-on-warning", "--config", HERE / "openapi-python-client.json"),
        )
        shutil.copy(HERE / "walk.py", tmp_path)
        return tmp_path

    return generated


def checked(python, folder):
    return run(
        *(python / "mypy", "--config-file", HERE / "mypy.ini", "walk.py", "badges_client"),
        cwd=folder,
    )


def walked(python, folder, served, secret=None):
    credentials = (served.client_id, secret or served.client_secret)
    return run(python / "python", "walk.py", served.address, *credentials, cwd=folder)


def test_the_python_client_is_typed_and_works(python, generate, description, served):
    folder = generate(json.loads(description))

    types, walk = checked(python, folder), walked(python, folder, served)
    refused = walked(python, folder, served, secret="wrong")

    assert types.returncode == 0, types.stdout
    assert walk.returncode == 0, walk.stdout
    assert refused.returncode != 0
    assert "invalid_client" in refused.stdout


def test_a_type_error_of_the_python_client_is_found(python, generate, description):
    broken = json.loads(description)
    for parameter in broken["paths"][BADGES]["get"]["parameters"]:
        if parameter["name"] == "status":
            parameter["schema"] = parameter["schema"]["items"]

    types = checked(python, generate(broken))

    assert types.returncode != 0
    assert "BadgeStatus" in types.stdout


def test_a_response_that_differs_from_its_description_is_found(
    python, generate, description, served
):
    broken = json.loads(description)
    broken["components"]["schemas"]["ReceiptPage"]["properties"]["expiresOnISO"]["type"] = "string"

    walk = walked(python, generate(broken), served)

    assert walk.returncode != 0
    assert "TypeError" in walk.stdout
