"""The entry point of the production server."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from badgeadmin.chunked import with_chunked_bodies
from badgeadmin.telemetry import watched

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "badgeadmin.settings")

# Django is to be set up, and every address known, before the lane can be imported; what the first
# request would load is loaded when the server starts.
django = get_wsgi_application()
import_module(settings.ROOT_URLCONF)
EarnLane = import_module("badges.api.lane").EarnLane
import_module("badges.health").limit_patience()

application = watched(with_chunked_bodies(EarnLane(django), settings.DATA_UPLOAD_MAX_MEMORY_SIZE))
