"""Filters that users save for a page, and share with their colleagues."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from badges.desk.ledgers.forms import NameForm
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.models import SavedFilter
from badges.services.record.filters import delete_filter, save_filter, share_filter

MAX_SHARED = 50


def saved_filters(request, ledger: str) -> list[SavedFilter]:
    """Return the filters that a user has saved for a page, then those that colleagues share."""
    of_page = SavedFilter.objects.filter(ledger=ledger)
    shared = of_page.filter(shared=True).exclude(user=request.user).select_related("user")
    return [*of_page.filter(user=request.user), *shared[:MAX_SHARED]]


def save_view(request, form_class, *, ledger: str, address: str):
    """Save the filters of a posted form under a name, and redirect to the page."""
    named, form = NameForm(request.POST), form_class(request.POST)
    if not form.is_valid() or not form.query:
        messages.error(request, _("Set at least one filter before you save the view."))
        return redirect(address)
    url = f"{address}?{form.query_string}"
    if not named.is_valid():
        messages.error(request, _("Give the view a name of at most 100 characters."))
        return redirect(url)
    try:
        saved = save_filter(
            origin=origin_of(request),
            ledger=ledger,
            name=named.cleaned_data["name"],
            query=form.query_string,
            shared="shared" in request.POST,
        )
    except BadgeError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Saved as “%(name)s”.") % {"name": saved})
    return redirect(url)


def share_view(request, pk: int, *, address: str):
    """Share a saved filter of the user, or stop sharing it."""
    shared = request.POST.get("shared") == "yes"
    try:
        saved = share_filter(origin=origin_of(request), filter_id=pk, shared=shared)
    except BadgeError as refusal:
        messages.error(request, refusal.message)
    else:
        text = (
            _("Your colleagues can use the view “%(name)s” now.")
            if shared
            else _("The view “%(name)s” is no longer shared.")
        )
        messages.success(request, text % {"name": saved})
    return redirect(address)


def delete_view(request, pk: int, *, address: str):
    """Delete a saved filter of the user, or with the permission a shared one of a colleague."""
    try:
        saved = delete_filter(origin=origin_of(request), filter_id=pk)
    except BadgeError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The view “%(name)s” was deleted.") % {"name": saved})
    return redirect(address)
