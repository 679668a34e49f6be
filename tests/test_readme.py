"""The README says what is true."""

import re
from pathlib import Path

from django.conf import settings

from badges.management.commands.error_table import error_table

README = (Path(settings.BASE_DIR) / "README.md").read_text()


def test_the_error_table_is_the_one_of_errors_py():
    shown = README.partition("<!-- python manage.py error_table -->\n")[2]

    assert shown.partition("\n<!-- end of error_table -->")[0] == error_table()


def test_every_variable_is_in_the_example_file_and_in_the_readme():
    settings_file = (Path(settings.BASE_DIR) / "badgeadmin/settings.py").read_text()
    example = (Path(settings.BASE_DIR) / ".env.example").read_text()

    names = set(re.findall(r'env(?:\.\w+)?\(\s*"(\w+)"', settings_file))

    assert {"SECRET_KEY", "DATABASE_URL"} <= names
    assert not {name for name in names if f"{name}=" not in example or f"`{name}`" not in README}


def test_every_path_of_the_map_exists():
    block = README.partition("## Map\n\n```\n")[2].partition("```")[0]
    folder = ""
    for line in block.splitlines():
        name = line.split()[0]
        folder = folder if line.startswith(" ") else name
        path = f"{folder}{name}" if line.startswith(" ") else name

        assert (Path(settings.BASE_DIR) / path).exists(), path
