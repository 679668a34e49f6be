"""The switch between active and inactive, which badges and groups share."""

from collections.abc import Callable

from django.contrib import messages

from badges.edit_forms import SEEN
from badges.errors import BadgeError
from badges.forms import origin_of


def switch_as_shown(request, update: Callable, *, on: str, off: str) -> None:
    """Switch a row off in any version, or on only in the version that was shown.

    `update` is the service for the row; `on` and `off` are the messages for the user.
    """
    active = request.POST.get("active") == "yes"
    seen = [request.POST.get(SEEN)] if active else None
    try:
        update(origin=origin_of(request), active=active, seen=seen)
    except BadgeError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, on if active else off)
