"""An old name of a renamed environment variable is an error that names the new one."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from badgeadmin.settings import RENAMED_VARIABLES


@pytest.mark.parametrize(("old", "new"), RENAMED_VARIABLES.items())
def test_an_old_name_in_the_environment_is_an_error(old, new, tmp_path):
    environment = os.environ | {"SECRET_KEY": "x" * 50, "VAR_DIR": str(tmp_path), old: "5"}
    command = [sys.executable, "-c", "import badgeadmin.settings"]
    started = subprocess.run(  # noqa: S603 - our own interpreter
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )
    assert started.returncode != 0
    assert f"{old} was renamed: set {new} instead." in started.stderr


@pytest.mark.parametrize("new", RENAMED_VARIABLES.values())
def test_the_new_name_is_read(new):
    assert isinstance(getattr(settings, new), int)
