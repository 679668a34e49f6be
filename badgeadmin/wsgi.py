"""The entry point of the production server."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from badgeadmin.chunked import with_chunked_bodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "badgeadmin.settings")

application = with_chunked_bodies(get_wsgi_application(), settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
