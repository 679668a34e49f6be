"""Saved filters of the ledgers: each has a name, and is private to its user or shared."""

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import Operation, SavedFilter
from badges.models.values import required
from badges.services.request_log import Origin, logged_request

MAX_FILTERS = 50


def save_filter(
    *, origin: Origin, ledger: str, name: str, query: str, shared: bool = False
) -> SavedFilter:
    """Save a filter of a ledger for the acting user, under a new name.

    Raises BadgeError: 400, 725, 2003 if the user has too many filters already.
    """
    saved_filter = SavedFilter(
        user=origin.user, ledger=ledger, name=name, query=query, shared=shared
    )
    with logged_request(Operation.SAVE_FILTER, origin=origin, now=timezone.now()):
        _check(saved_filter)
        name_taken = BadgeError(
            ErrorCode.NAME_TAKEN, "name", _("Another filter of yours has this name.")
        )
        own_filters = SavedFilter.objects.filter(user=origin.user)
        if own_filters.filter(name=saved_filter.name).exists():
            raise name_taken
        if own_filters.count() >= MAX_FILTERS:
            message = _("You have %(most)d filters already. Delete one first.")
            raise BadgeError(ErrorCode.TOO_MANY_ITEMS, "name", message % {"most": MAX_FILTERS})
        try:
            with transaction.atomic():
                saved_filter.save(force_insert=True)
        except IntegrityError as error:
            # A concurrent transaction took the name after the check.
            raise name_taken from error
    return saved_filter


def share_filter(*, origin: Origin, filter_id: int, shared: bool) -> SavedFilter:
    """Share a filter of the acting user with all colleagues, or stop this. Raises BadgeError: 404.

    Colleagues see the filter only on a page that they may open.
    """
    with logged_request(Operation.SAVE_FILTER, origin=origin, now=timezone.now()):
        saved_filter = _locked(filter_id, Q(user=origin.user))
        saved_filter.shared = shared
        saved_filter.save(update_fields=["shared"])
    return saved_filter


def delete_filter(*, origin: Origin, filter_id: int) -> SavedFilter:
    """Delete a filter of the acting user, and return it. Raises BadgeError: 404.

    The permission `remove_shared_filter` lets a user delete the shared filters of others too.
    """
    with logged_request(Operation.DELETE_FILTER, origin=origin, now=timezone.now()):
        deletable = Q(user=origin.user)
        if origin.user is not None and origin.user.has_perm("badges.remove_shared_filter"):
            deletable |= Q(shared=True)
        saved_filter = _locked(filter_id, deletable)
        saved_filter.delete()
    return saved_filter


def _locked(filter_id: int, condition: Q) -> SavedFilter:
    """Return a filter with its row locked. Raises BadgeError: 404."""
    rows = SavedFilter.objects.select_for_update().filter(condition, pk=filter_id)
    saved_filter = rows.first()
    if saved_filter is None:
        raise BadgeError(ErrorCode.NOT_FOUND, message=_("You have no such filter."))
    return saved_filter


def _check(saved_filter: SavedFilter) -> None:
    max_length = required(SavedFilter._meta.get_field("name").max_length)
    saved_filter.name = rules.check_name(saved_filter.name, max_length=max_length)
    max_length = required(SavedFilter._meta.get_field("query").max_length)
    if not 1 <= len(saved_filter.query) <= max_length:
        message = _("The filters must have 1 to %(longest)d characters.")
        raise BadgeError(ErrorCode.INVALID_INPUT, "query", message, {"longest": max_length})
