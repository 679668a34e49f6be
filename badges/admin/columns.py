"""How lists and detail pages show moments, links and states."""

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
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


def link_to(row):
    """Return a link to the row's own page in the admin."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}" class="text-link">{}</a>', url, row)


def lines(texts):
    """Return the texts, one below the other."""
    return format_html_join("", "<div>{}</div>", ((text,) for text in texts)) or None
