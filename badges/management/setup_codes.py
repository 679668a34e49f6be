"""The output of commands that create a set-up code."""

from django.contrib.auth.models import User
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from badges.services.access.setup_codes import SetupCode


def words_of_setup_code(user: User, code: SetupCode) -> str:
    return _(
        "Set-up code of %(user)s: %(code)s\n"
        "After the password, %(user)s enters it to set up a second factor. It is valid once,\n"
        "until %(until)s UTC.\n"
        "Only a hash of the code is stored. Copy it now; it cannot be shown again."
    ) % {
        "user": user.get_username(),
        "code": code.text,
        "until": date_format(code.ends_at, "DATETIME_FORMAT"),
    }
