"""Filters that people keep: each under a name of its own, for its owner alone."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges.errors import BadgeError, ErrorCode
from badges.models import Operation, SavedFilter
from badges.services.requests import Origin, attempt

MOST_FILTERS = 50


def save_filter(*, origin: Origin, ledger: str, name: str, query: str) -> SavedFilter:
    """Keep a filter of a ledger for whoever asks, under a new name.

    Raises BadgeError: 400, 725, 2003 when somebody has too many already.
    """
    kept = SavedFilter(user=origin.user, ledger=ledger, name=name.strip(), query=query)
    with attempt(Operation.SAVE_FILTER, origin=origin, now=timezone.now()):
        _check(kept)
        taken = BadgeError(
            ErrorCode.NAME_TAKEN, "name", _("Another filter of yours has this name.")
        )
        theirs = SavedFilter.objects.filter(user=origin.user)
        if theirs.filter(name=kept.name).exists():
            raise taken
        if theirs.count() >= MOST_FILTERS:
            message = _("You have %(most)d filters already. Delete one first.")
            raise BadgeError(ErrorCode.TOO_MANY_ITEMS, "name", message % {"most": MOST_FILTERS})
        try:
            with transaction.atomic():
                kept.save(force_insert=True)
        except IntegrityError as error:
            # The look-up let a twin pass that took the name since.
            raise taken from error
    return kept


def delete_filter(*, origin: Origin, filter_id: int) -> SavedFilter:
    """Forget a filter of whoever asks, and return what it was. Raises BadgeError: 404."""
    with attempt(Operation.DELETE_FILTER, origin=origin, now=timezone.now()):
        kept = SavedFilter.objects.filter(pk=filter_id, user=origin.user).first()
        if kept is None:
            raise BadgeError(ErrorCode.NOT_FOUND, message=_("You have no such filter."))
        kept.delete()
    return kept


def _check(kept: SavedFilter) -> None:
    for field, message in [
        ("name", _("The name must have 1 to %(longest)d characters.")),
        ("query", _("The filters must have 1 to %(longest)d characters.")),
    ]:
        longest = SavedFilter._meta.get_field(field).max_length
        if not 1 <= len(getattr(kept, field)) <= longest:
            raise BadgeError(ErrorCode.INVALID_INPUT, field, message % {"longest": longest})
