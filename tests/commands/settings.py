"""The settings of the production server, with a directory of static files for each test."""

import os

from badgeadmin.settings import *  # noqa: F403

STATIC_ROOT = os.environ["STATIC_ROOT"]
