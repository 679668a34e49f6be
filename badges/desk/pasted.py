"""Several ids at once, as they come out of a mail or a table."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST_PASTED = 200


class PastedField(forms.CharField):
    """Ids between spaces, commas, semicolons or new lines, cleaned to a list without repetitions.

    `each` is the field that cleans one of them; of several, the one that is wrong is quoted.
    """

    def __init__(self, each, **kwargs):
        box = forms.Textarea(attrs={"rows": 1, "autocapitalize": "off", "spellcheck": "false"})
        super().__init__(**({"widget": box, "max_length": MOST_PASTED * 50} | kwargs))
        self.each = each

    def prepare_value(self, value):
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value):
        given = [each for each in re.split(r"[\s,;]+", super().clean(value)) if each]
        if self.required and not given:
            raise ValidationError(self.error_messages["required"], code="required")
        check_number(len(given))
        return list(dict.fromkeys(self._one(each, alone=len(given) == 1) for each in given))

    def _one(self, text, *, alone):
        try:
            return self.each.clean(text)
        except ValidationError as error:
            if alone:
                raise
            words = {"given": text[:30], "why": error.messages[0]}
            message = _("“%(given)s”: %(why)s") % words
            raise ValidationError(message, code="nonsense") from error


def check_number(count):
    """Refuse more ids than one page shows."""
    if count > MOST_PASTED:
        message = _("At most %(most)d at once; these are %(count)d.")
        raise ValidationError(message % {"most": MOST_PASTED, "count": count}, code="too_many")
