"""Columns and labels that show times and states in lists and on detail pages."""

from django.template.loader import render_to_string
from django.utils.text import capfirst
from unfold.decorators import display

from badges.times import time_element


def datetime_column(model, name):
    """Return a column that shows a datetime of the model's rows."""

    @display(description=capfirst(model._meta.get_field(name).verbose_name), ordering=name)
    def column(row):
        return time_element(getattr(row, name))

    column.__name__ = name
    return column


def pill(text, icon, colour):
    """Return a state as a label of the theme, with a text, an icon and a colour."""
    return render_to_string(
        "unfold/helpers/label.html", {"text": text, "icon": icon, "type": colour}
    )
