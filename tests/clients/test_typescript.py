"""A generated client in TypeScript passes the type checker and works."""

import json
import shutil
from pathlib import Path

import pytest

from tests.clients.conftest import HERE, run, succeeded


@pytest.fixture
def generate(node, write, tmp_path):
    """Return a function that generates types from a description and adds `walk.ts`."""

    def generated(description: dict) -> Path:
        for name in ("package.json", "tsconfig.json", "walk.ts"):
            shutil.copy(HERE / name, tmp_path)
        (tmp_path / "node_modules").symlink_to(node.parent)
        file = tmp_path / "api.d.ts"
        succeeded(node / "openapi-typescript", write(description), "--output", file)
        return tmp_path

    return generated


@pytest.fixture
def compiled(node):
    return lambda folder: run(node / "tsc", "--project", ".", cwd=folder)


def walked(folder, served, secret=None):
    credentials = (served.client_id, secret or served.client_secret)
    return run("node", "built/walk.js", served.address, *credentials, cwd=folder)


def test_the_typescript_client_is_typed_and_works(generate, compiled, description, served):
    folder = generate(json.loads(description))

    types = compiled(folder)
    walk, refused = walked(folder, served), walked(folder, served, secret="wrong")

    assert types.returncode == 0, types.stdout
    assert walk.returncode == 0, walk.stdout
    assert refused.returncode != 0
    assert "invalid_client" in refused.stdout


def test_a_type_error_of_the_typescript_client_is_found(generate, compiled, description):
    broken = json.loads(description)
    broken["components"]["schemas"]["RevokeEarnRequest"]["properties"]["customerId"] = {
        "type": "string"
    }

    types = compiled(generate(broken))

    assert types.returncode != 0
    assert "not assignable to type 'string'" in types.stdout
