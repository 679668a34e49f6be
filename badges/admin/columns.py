"""How lists and detail pages show moments and states."""

from django.template.loader import render_to_string
from django.utils.text import capfirst
from unfold.decorators import display

from badges.moments import as_time


def moment_column(model, name):
    """Return a column that shows a moment of the model's rows."""

    @display(description=capfirst(model._meta.get_field(name).verbose_name), ordering=name)
    def column(row):
        return as_time(getattr(row, name))

    column.__name__ = name
    return column


def pill(text, icon, colour):
    """Return a state as a label of the theme: the text, an icon, and a colour for the quick eye."""
    return render_to_string(
        "unfold/helpers/label.html", {"text": text, "icon": icon, "type": colour}
    )
