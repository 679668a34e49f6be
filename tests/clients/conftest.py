"""The tools that read the description, and a running server for the generated clients."""

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import pytest
from drf_spectacular.generators import SchemaGenerator

from tests.bench.cluster import free_port
from tests.conftest import need

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
SECONDS = 900  # for one tool on a slow and busy machine


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the tests of this folder, which run separately (`pytest -m clients`)."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.clients)


def run(*command, cwd: Path = HERE, environment=None) -> subprocess.CompletedProcess:
    """Run a program until it exits; `stdout` has its complete output."""
    return subprocess.run(  # noqa: S603 - commands of these tests
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | {"REDOCLY_TELEMETRY": "off"} | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def succeeded(*command, cwd: Path = HERE, environment=None) -> str:
    """Run a program and return its output. Fail the test if the program fails."""
    done = run(*command, cwd=cwd, environment=environment)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="session")
def node():
    """Return the directory of the programs that package-lock.json pins."""
    need(shutil.which("npm") is not None, "npm is not installed")
    need("PYTEST_XDIST_WORKER" not in os.environ, "one process installs the tools: pytest -n 0")
    installed, pinned = HERE / "node_modules/.package-lock.json", HERE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < pinned.stat().st_mtime:
        succeeded("npm", "ci", "--prefer-offline")
        installed.touch()
    return HERE / "node_modules/.bin"


@pytest.fixture(scope="session")
def python(node, tmp_path_factory):
    """Return the directory of the programs that requirements.lock pins, in a new environment."""
    environment = tmp_path_factory.mktemp("python")
    succeeded(sys.executable, "-m", "venv", environment)
    programs = environment / "bin"
    lock = HERE / "requirements.lock"
    succeeded(programs / "python", "-m", "pip", "install", "-q", "--require-hashes", "-r", lock)
    return programs


@pytest.fixture(scope="session")
def description():
    """Return the JSON description of /api/schema/. Each test may change its own copy."""
    return json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str)


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a description to a file and returns its path."""

    def written(description: dict) -> Path:
        path = tmp_path / "openapi.json"
        path.write_text(json.dumps(description))
        return path

    return written


@dataclass(frozen=True)
class Served:
    """The address of the API and the credentials of an integrator."""

    address: str
    client_id: str
    client_secret: str


@pytest.fixture(scope="session")
def served(node, tmp_path_factory):
    """Run the production server with an empty database."""
    directory = tmp_path_factory.mktemp("served")
    environment = {
        "DATABASE_URL": f"sqlite:///{directory}/served.sqlite3",
        "DJANGO_SETTINGS_MODULE": "badgeadmin.settings",
        "SECRET_KEY": "of-these-tests-of-these-tests-of-these-tests-0123456789",
        "VAR_DIR": str(directory),
    }
    manage = (sys.executable, PROJECT / "manage.py")
    succeeded(*manage, "migrate", "--verbosity=0", cwd=PROJECT, environment=environment)
    made = succeeded(
        *manage, "create_integrator", "Clients", "--json", cwd=PROJECT, environment=environment
    )
    integrator = json.loads(made)
    address = f"127.0.0.1:{free_port()}"
    with subprocess.Popen(  # noqa: S603 - our own command
        [*map(str, manage), "serve", "--bind", address, "--workers", "1"],
        cwd=PROJECT,
        env=os.environ | environment,
    ) as process:
        try:
            _wait_for(f"http://{address}/healthz", process)
            yield Served(f"http://{address}", integrator["client_id"], integrator["client_secret"])
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen) -> None:
    end = monotonic() + SECONDS
    while monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=SECONDS).close()  # noqa: S310 - our own address
            return
        except (urllib.error.URLError, ConnectionError):
            sleep(0.2)
    pytest.fail(f"{url} does not answer")
