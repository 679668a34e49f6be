"""The WSGI application: the fast path of an earn, with Django behind it."""

import os
from importlib import import_module

import django
from django.conf import settings

os.umask(0o077)  # files contain sessions, keys and customers, so only their owner may read them
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "badgeadmin.settings")

# Django must be set up, and the URLconf loaded, before the fast path can be imported. The server
# loads at its start the modules that the first request would load.
django.setup(set_prefix=False)
import_module(settings.ROOT_URLCONF)
handler = import_module("badgeadmin.requests").Handler()
application = import_module("badges.api.fast_earn").FastEarnMiddleware(handler)
