"""Filters that people keep, on the page they belong to."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from badges.desk.ledgers.forms import NameForm
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.models import SavedFilter
from badges.services.filters import delete_filter, save_filter


def saved_filters(request, ledger: str):
    """Return the filters that a person keeps for a page."""
    return SavedFilter.objects.filter(user=request.user, ledger=ledger)


def keep(request, form_class, *, ledger: str, address: str):
    """Keep the filters of a form that was posted along with a name, and go back to the page."""
    named, form = NameForm(request.POST), form_class(request.POST)
    if not form.is_valid() or not form.query:
        messages.error(request, _("Set some filters first, then keep them."))
        return redirect(address)
    here = f"{address}?{form.query_string}"
    if not named.is_valid():
        messages.error(request, _("Give the filter a name of at most 100 characters."))
        return redirect(here)
    try:
        kept = save_filter(
            origin=origin_of(request),
            ledger=ledger,
            name=named.cleaned_data["name"],
            query=form.query_string,
        )
    except BadgeError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Kept as “%(name)s”.") % {"name": kept})
    return redirect(here)


def forget(request, pk: int, *, address: str):
    """Delete a filter of whoever asks."""
    try:
        kept = delete_filter(origin=origin_of(request), filter_id=pk)
    except BadgeError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The filter “%(name)s” was deleted.") % {"name": kept})
    return redirect(address)
