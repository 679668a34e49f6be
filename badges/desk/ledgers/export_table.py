"""The columns of the list of exports."""

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from badges.desk.ledgers.pages import TIME
from badges.desk.parts.numbers import group_digits
from badges.desk.tables import cells
from badges.desk.tables.table import Column, Sort, Table
from badges.times import time_element


def _requested(row, links):
    export = row["export"]
    time = time_element(export.request.received_at)
    return cells.link(reverse("desk:export", args=[export.pk]), time)


TABLE = Table(
    name="exports",
    label=_("Exports"),
    right="badges.export_ledgers",
    route="desk:exports",
    sort=Sort(TIME, descending=True),
    columns=(
        Column(
            name=TIME,
            label=_("Requested"),
            cell=_requested,
            width="time",
            fixed=True,
            first_order=f"-{TIME}",
        ),
        Column(
            name="actor",
            label=_("By"),
            cell=lambda row, links: row["export"].request.actor,
        ),
        Column(
            name="records",
            label=_("Records"),
            cell=lambda row, links: cells.pair(row["ledger"], row["export"].get_format_display()),
            width="wide",
        ),
        Column(
            name="status",
            label=_("Status"),
            cell=lambda row, links: cells.pill(row["pill"]),
            width="pill",
        ),
        Column(
            name="rows",
            label=_("Rows"),
            cell=lambda row, links: group_digits(row["export"].rows),
            width="number",
        ),
        Column(
            name="size",
            label=_("Size"),
            cell=lambda row, links: filesizeformat(row["export"].size),
            width="number",
            shown=False,
        ),
        Column(
            name="sha256",
            label=_("SHA-256"),
            cell=lambda row, links: cells.ident(row["export"].sha256),
            width="id",
            hint=_("The checksum of the file, which shows that a copy was not altered."),
        ),
    ),
)
