"""The columns of the list of integrators."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges.desk.parts.icons import icon
from badges.desk.parts.numbers import group_digits
from badges.desk.tables import cells
from badges.desk.tables.table import Column, Sort, Table
from badges.times import time_element


def _name(row, links):
    integrator = row["integrator"]
    return cells.link(reverse("desk:integrator", args=[integrator.pk]), integrator.name)


def _groups(row, links):
    groups = ", ".join(group.name for group in row["integrator"].access_groups.all())
    return groups or _("None. It has no access")


def _calls(row, links):
    return group_digits(row["recent"]["calls"]) if row["counted"] else cells.NOTHING


def _errors(row, links):
    errors = row["recent"]["errors"]
    if not errors:
        return "0" if row["counted"] else cells.NOTHING
    mark = '<span class="desk-alert">{}{}</span>'
    return format_html(mark, icon("warning"), group_digits(errors))


TABLE = Table(
    name="integrators",
    label=gettext_lazy("Integrators"),
    right="badges.view_integrator",
    route="desk:integrators",
    sort=Sort("name"),
    columns=(
        Column(
            name="name",
            label=gettext_lazy("Integrator"),
            cell=_name,
            fixed=True,
            first_order="name",
        ),
        Column(
            name="state",
            label=gettext_lazy("State"),
            cell=lambda row, links: cells.pill(row["state"]),
            width="pill",
        ),
        Column(
            name="groups",
            label=gettext_lazy("Access groups"),
            cell=_groups,
            hint=gettext_lazy("The groups whose permissions the integrator has."),
        ),
        Column(
            name="owner_types",
            label=gettext_lazy("Owner types"),
            cell=lambda row, links: ", ".join(row["integrator"].owner_types) or _("All"),
            hint=gettext_lazy("The programmes for which the integrator may issue badges."),
        ),
        Column(
            name="ends_at",
            label=gettext_lazy("Ends"),
            cell=lambda row, links: cells.words(time_element(row["integrator"].ends_at, "date")),
            width="date",
        ),
        Column(
            name="last_used_at",
            label=gettext_lazy("Last used"),
            cell=lambda row, links: time_element(row["integrator"].last_used_at) or _("Never"),
            width="time",
        ),
        Column(
            name="calls",
            label=gettext_lazy("Calls since yesterday"),
            cell=_calls,
            width="number",
        ),
        Column(
            name="errors",
            label=gettext_lazy("Errors since yesterday"),
            cell=_errors,
            width="number",
        ),
        Column(
            name="client_id",
            label=gettext_lazy("Client id"),
            cell=lambda row, links: cells.ident(row["integrator"].client_id),
            width="id",
            shown=False,
        ),
    ),
)
