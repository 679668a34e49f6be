"""The columns of the list of badges."""

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from badges.desk.tables import cells
from badges.desk.tables.table import Column, Sort, Table
from badges.times import time_element

# The columns of the model by which an index has the badges.
ORDERS = {"name": "name", "starts_at": "starts_at", "expires_at": "expires_at"}


def _name(row, links):
    badge = row["badge"]
    picture = render_to_string(
        "desk/_badge_picture.html", {"picture": row["picture"], "size": "small"}
    )
    return format_html(
        '<span class="index-pictured">{}{}</span>',
        picture,
        cells.link(links.badge(badge.pk), badge.name),
    )


def _status(row, links):
    by_dates = "" if row["badge"].active else row["by_dates"].label
    return cells.pair(cells.pill(row["pill"]), by_dates)


def _owners(row, links):
    return ", ".join(map(str, row["badge"].owners.all()))


TABLE = Table(
    name="badges",
    label=_("Badges"),
    right="badges.view_badgemeta",
    route="desk:definitions",
    sort=Sort("name"),
    columns=(
        Column(
            name="name", label=_("Badge"), cell=_name, width="wide", fixed=True, first_order="name"
        ),
        Column(name="status", label=_("Status"), cell=_status),
        Column(
            name="type",
            label=_("Type"),
            cell=lambda row, links: row["badge"].get_earn_type_display(),
            shown=False,
        ),
        Column(
            name="starts_at",
            label=_("Starts"),
            cell=lambda row, links: time_element(row["badge"].starts_at, "date"),
            width="date",
            first_order="-starts_at",
        ),
        Column(
            name="expires_at",
            label=_("Ends"),
            cell=lambda row, links: time_element(row["badge"].expires_at, "date"),
            width="date",
            first_order="expires_at",
        ),
        Column(
            name="owners",
            label=_("Owners"),
            cell=_owners,
            hint=_("The programmes that may claim and issue the badge."),
        ),
        Column(
            name="claims",
            label=_("Claims"),
            cell=lambda row, links: row["claims"],
            width="number",
            hint=_("The references, such as campaigns, that have claimed the badge."),
        ),
        Column(
            name="issued",
            label=_("Issued in 30 days"),
            cell=lambda row, links: row["issued"],
            width="number",
        ),
        Column(
            name="id",
            label=_("ID"),
            cell=lambda row, links: cells.ident(row["badge"].pk),
            width="id",
            shown=False,
        ),
    ),
)
