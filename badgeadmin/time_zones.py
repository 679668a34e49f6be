"""The time zone of a response: the viewer's on pages, UTC everywhere else."""

from datetime import UTC, tzinfo

from django.utils import timezone

from badgeadmin.csp import THEMED
from badges.time_zones import zone_of


class ViewerTimeZoneMiddleware:
    """Uses the time zone of the viewer on pages: their own choice, or that of the organisation.

    All other responses use UTC, for every client. The zone of the browser has no effect: the same
    page shows the same time to every viewer of one zone.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with timezone.override(_zone_for(request)):
            return self.get_response(request)


def _zone_for(request) -> tzinfo:
    if not request.path_info.startswith(THEMED):
        return UTC
    preferences = getattr(request.user, "preferences", None)
    return zone_of(preferences.time_zone if preferences else "")
