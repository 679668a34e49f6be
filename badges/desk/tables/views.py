"""The view that remembers the columns and the density that a user has chosen for a table."""

from django.contrib import messages
from django.http import Http404, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from badges.desk.access import staff_page
from badges.desk.definitions import badge_table
from badges.desk.integrators import integrator_table
from badges.desk.ledgers import export_table, history, request_list
from badges.desk.people import people_table
from badges.desk.tables.table import Density, Table
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.services.access import preferences

TABLES = {
    table.name: table
    for table in [
        request_list.TABLE,
        badge_table.TABLE,
        integrator_table.TABLE,
        export_table.TABLE,
        people_table.TABLE,
        *(kind.table for kind in history.LEDGER_PAGES if kind.table),
    ]
}


@require_POST
def choose(request, name):
    """Remember the choices for a table; raise Http404 if there is no such table."""
    if name not in TABLES:
        raise Http404
    return staff_page(TABLES[name].right)(_choose)(request, TABLES[name])


def _choose(request, table: Table):
    try:
        _remember(request, table)
    except BadgeError as refusal:
        messages.error(request, refusal.message)
    query = QueryDict(request.POST.get("query", "")).urlencode()
    return redirect(f"{table.address}?{query}" if query else table.address)


def _remember(request, table: Table) -> None:
    origin = origin_of(request)
    if "reset" in request.POST:
        preferences.reset_table(origin=origin, table=table.name)
        return
    chosen = request.POST.getlist("columns")
    columns = [column.name for column in table.columns if column.name in chosen]
    density = request.POST.get("density", "")
    if density not in Density:
        density = Density.STANDARD
    preferences.choose_table(origin=origin, table=table.name, columns=columns, density=str(density))
    messages.success(request, _("Your choice of columns was saved."))
