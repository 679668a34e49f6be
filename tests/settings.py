"""The project's settings for tests: a fixed key, fast password hashing, no static manifest."""

import os

os.environ.setdefault("SECRET_KEY", "for-tests-only")

from badgeadmin.settings import *  # noqa: F403
from badgeadmin.settings import (
    DATABASES,
    INSTALLED_APPS,
    LOGGING,
    MIDDLEWARE,
    STATIC_ROOT,
    STORAGES,
)

STATIC_ROOT.mkdir(exist_ok=True)

# For its `flush` command, which runs after every test with real transactions.
INSTALLED_APPS += ["tests"]
MIDDLEWARE.insert(0, "tests.marked.Middleware")
LOGGING["handlers"]["marked"] = {"class": "tests.marked.Handler"}
LOGGING["root"]["handlers"].append("marked")
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "badges.models.secrets.SecretHasher",
]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, not memory: the race tests need several connections to one database.
    DATABASES["default"]["TEST"] = {"NAME": str(DATABASES["default"]["NAME"]) + ".tests"}
