"""The entry point of the production server."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import reverse

from badgeadmin.entrance import Entrance, Places
from badgeadmin.telemetry import watched

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "badgeadmin.settings")

# Django is to be set up, and every address known, before the lane can be imported; what the first
# request would load is loaded when the server starts.
django = get_wsgi_application()
import_module(settings.ROOT_URLCONF)
EarnLane = import_module("badges.api.lane").EarnLane
envelope = import_module("badges.api.envelope")
import_module("badges.health").limit_patience()

# What a request meets once it has a place.
inside = EarnLane(django)
places = Places(
    settings.PLACES, most_waiting=settings.MOST_WAITING, patience=settings.SECONDS_TO_WAIT
)
application = watched(
    Entrance(
        inside,
        places=places,
        turned_away=envelope.turned_away,
        most_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        seconds_to_send=settings.SECONDS_TO_SEND,
        free=frozenset({reverse("healthz-live")}),
    )
)
