"""A field for several ids, which are pasted from a mail or a table."""

import re
from collections import Counter
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_PASTED = 200


class Pasted(list[Any]):
    """Unique values in the order in which they were pasted.

    `repeated` has the number of times of those that were pasted more than once.
    """

    def __init__(self, values):
        super().__init__(dict.fromkeys(values))
        self.repeated = {value: times for value, times in Counter(values).items() if times > 1}


class PastedField(forms.CharField):
    """Ids separated by spaces, commas, semicolons or new lines, cleaned to `Pasted`.

    `each` is the field that cleans one id. If there are several ids, the error quotes the invalid
    one.
    """

    def __init__(self, each, **kwargs):
        box = forms.Textarea(attrs={"rows": 1, "autocapitalize": "off", "spellcheck": "false"})
        defaults: dict[str, Any] = {"widget": box, "max_length": MAX_PASTED * 50}
        super().__init__(**defaults | kwargs)
        self.each = each

    def prepare_value(self, value):
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value):
        given = [each for each in re.split(r"[\s,;]+", super().clean(value)) if each]
        if self.required and not given:
            raise ValidationError(self.error_messages["required"], code="required")
        check_number(len(given))
        return Pasted([self._one(each, alone=len(given) == 1) for each in given])

    def _one(self, text, *, alone):
        try:
            return self.each.clean(text)
        except ValidationError as error:
            if alone:
                raise
            values = {"given": text[:30], "why": error.messages[0]}
            message = _("“%(given)s”: %(why)s") % values
            raise ValidationError(message, code="nonsense") from error


def check_number(count):
    """Raise ValidationError for more ids than one page shows."""
    if count > MAX_PASTED:
        message = _("At most %(most)d at once; these are %(count)d.")
        raise ValidationError(message % {"most": MAX_PASTED, "count": count}, code="too_many")
