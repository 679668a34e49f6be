"""Numbers in groups of digits: `62,090,013` may be meant as one number or as three."""

import re
from functools import cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from badges.audit.spellings import MARKS, SEPARATORS, TIGHT_BLANKS

SEPARATOR = f"[{SEPARATORS}]"
BETWEEN_DIGITS = re.compile(rf"(?<=\d){SEPARATOR}(?=\d)")
# Digits that are one number in any context: on both sides of a tight blank, or with a group that
# begins with a zero (6209 0013), because no customer id in a list begins with a zero.
TOGETHER = re.compile(
    rf"(?<!\d)(?:\d+(?:[{TIGHT_BLANKS}]+\d+)+|\d{{1,4}}(?:(?: *[{MARKS}] *| +)0\d\d\d?)+)(?!\d)"
)
MAX_SHOWN_LENGTH = 40


def explain_grouped_numbers(text: str) -> str:
    """Return the reason for a refusal if groups of digits in a text may be one number.

    `101,102` can be 101102, or 101 and 102, so it is refused. A text that cannot be one number is a
    list: `1001,1002`, because a number in groups begins with at most three digits, `1,2,100`,
    because its groups have different lengths, and `101, 102`, because groups have no blank after
    the comma. Line breaks, tabs and semicolons always separate numbers.
    """
    separators = sorted(set(BETWEEN_DIGITS.findall(text)))
    patterns = [*map(_groups_between, separators), TOGETHER]
    found = next(filter(None, (pattern.search(text) for pattern in patterns)), None)
    if found is None:
        return ""
    message = _(
        "“%(given)s” can be one number or several. Write each customer id without separators, "
        "and several on a line each."
    )
    return message % {"given": found.group()[:MAX_SHOWN_LENGTH]}


@cache
def _groups_between(separator: str) -> re.Pattern:
    """Return the pattern of a number with this separator between its groups.

    The number is at the beginning of a row, or after a longer number. After short numbers, it is a
    part of their list.
    """
    mark = re.escape(separator)
    begins = rf"(?:(?<!\d)(?<!\d{mark})|(?<=\d\d\d\d{mark}))"
    thousands = rf"\d{{1,3}}(?:{mark}\d{{3}})+"  # 62,090,013
    lakhs = rf"\d{{1,2}}(?:{mark}\d\d){{1,7}}{mark}\d{{3}}"  # 6,20,90,013
    return re.compile(rf"{begins}(?:{thousands}|{lakhs})(?!\d)")


def refuse_grouped_numbers(text: str) -> None:
    """Raise ValidationError if `explain_grouped_numbers` returns a reason."""
    if message := explain_grouped_numbers(text):
        raise ValidationError(message, code="grouped")
