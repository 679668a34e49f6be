"""The columns of the list of people."""

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges.desk.tables import cells
from badges.desk.tables.table import Column, Sort, Table
from badges.times import time_element


def _username(row, links):
    person = row["person"]
    return cells.link(reverse("desk:person", args=[person.pk]), person.username)


TABLE = Table(
    name="people",
    label=gettext_lazy("People"),
    right="badges.manage_people",
    route="desk:people",
    sort=Sort("username"),
    columns=(
        Column(
            name="username",
            label=gettext_lazy("User name"),
            cell=_username,
            fixed=True,
            first_order="username",
        ),
        Column(
            name="name",
            label=gettext_lazy("Name"),
            cell=lambda row, links: cells.words(row["person"].get_full_name()),
        ),
        Column(
            name="status",
            label=gettext_lazy("Status"),
            cell=lambda row, links: cells.pill(row["state"]),
        ),
        Column(
            name="roles",
            label=gettext_lazy("Roles"),
            cell=lambda row, links: render_to_string("desk/people/_roles.html", row).strip(),
        ),
        Column(
            name="second_factor",
            label=gettext_lazy("Second factor"),
            cell=lambda row, links: _("Yes") if row["person"].with_second_factor else _("No"),
            hint=gettext_lazy("Whether a code is needed at sign-in, besides the password."),
        ),
        Column(
            name="last_login",
            label=gettext_lazy("Last login"),
            cell=lambda row, links: time_element(row["person"].last_login) or _("Never"),
            width="time",
        ),
        Column(
            name="email",
            label=gettext_lazy("Email address"),
            cell=lambda row, links: cells.words(row["person"].email),
            shown=False,
        ),
    ),
)
