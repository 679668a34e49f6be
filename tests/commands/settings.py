"""The production server's settings, with the static files in a folder of the test's own."""

import os

from badgeadmin.settings import *  # noqa: F403

STATIC_ROOT = os.environ["STATIC_ROOT"]
