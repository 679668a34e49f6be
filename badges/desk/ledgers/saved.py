"""Filters that users save for a page."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from badges.desk.ledgers.forms import NameForm
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.models import SavedFilter
from badges.services.record.filters import delete_filter, save_filter


def saved_filters(request, ledger: str):
    """Return the filters that a user has saved for a page."""
    return SavedFilter.objects.filter(user=request.user, ledger=ledger)


def save_view(request, form_class, *, ledger: str, address: str):
    """Save the filters of a posted form under a name, and redirect to the page."""
    named, form = NameForm(request.POST), form_class(request.POST)
    if not form.is_valid() or not form.query:
        messages.error(request, _("Set some filters first, then keep them."))
        return redirect(address)
    url = f"{address}?{form.query_string}"
    if not named.is_valid():
        messages.error(request, _("Give the filter a name of at most 100 characters."))
        return redirect(url)
    try:
        saved = save_filter(
            origin=origin_of(request),
            ledger=ledger,
            name=named.cleaned_data["name"],
            query=form.query_string,
        )
    except BadgeError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Saved as “%(name)s”.") % {"name": saved})
    return redirect(url)


def delete_view(request, pk: int, *, address: str):
    """Delete a saved filter of the user."""
    try:
        saved = delete_filter(origin=origin_of(request), filter_id=pk)
    except BadgeError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The filter “%(name)s” was deleted.") % {"name": saved})
    return redirect(address)
