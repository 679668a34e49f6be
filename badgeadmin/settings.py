"""The settings; secrets and switches come from environment variables (see .env.example)."""

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from whitenoise.compress import Compressor

from badgeadmin import sqlite
from badgeadmin.demo_key import demo_secret_key
from badges.time_zones import is_time_zone, lazy_zone_label

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")

# Renamed variables of earlier versions, with their new names.
RENAMED_VARIABLES = {
    "DATABASE_PATIENCE": "DATABASE_STATEMENT_TIMEOUT",
    "UNPROVED_CALLS_PER_MINUTE": "UNAUTHENTICATED_CALLS_PER_MINUTE",
}
for _old, _new in RENAMED_VARIABLES.items():
    if _old in env.ENVIRON:
        raise ImproperlyConfigured(f"{_old} was renamed: set {_new} instead.")

VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

SECRET_KEY = env("SECRET_KEY", default="")
if not SECRET_KEY and sys.argv[1:2] == ["demo"]:
    SECRET_KEY = demo_secret_key(VAR_DIR)
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set it to a long random value in the environment or in .env "
        "(see .env.example), or run 'python manage.py demo'."
    )
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ORG_ID = env.int("ORG_ID", default=1)

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "badges",  # must precede the apps whose commands it overrides
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "axes",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "oauth2_provider",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "badgeadmin.telemetry.RouteMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "badges.staticfiles.StaticFilesMiddleware",
    "badgeadmin.compression.PageCompressionMiddleware",
    "badgeadmin.csp.ThemedCSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "badgeadmin.languages.ReaderLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "badgeadmin.time_zones.ViewerTimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "badgeadmin.sessions.SessionUseMiddleware",
    "badges.desk.redirects.RedirectMiddleware",
    "badges.admin.second_factor.RequiredMiddleware",
    "badgeadmin.form_data.ReadableFormMiddleware",
    "badgeadmin.busy.BusyMiddleware",
    "badges.api.headers.RequestHeadersMiddleware",
]

ROOT_URLCONF = "badgeadmin.urls"
WSGI_APPLICATION = "badgeadmin.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["badges.templatetags.desk_tags"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'badgeadmin.sqlite3'}")
}
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)  # seconds; connecting takes milliseconds
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"] = sqlite.configure_sqlite(DATABASES["default"])
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        # The statement that writes an earn is prepared, unless a pooler is used; Django itself
        # prepares no statements.
        "prepare_threshold": 5,
        # Seconds to connect, and milliseconds until an unresponsive connection is closed.
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
    } | DATABASES["default"].get("OPTIONS", {})
# Timeout of a statement, and of an idle transaction, of the server in seconds.
DATABASE_STATEMENT_TIMEOUT = env.int("DATABASE_STATEMENT_TIMEOUT", default=30)
# Whether a session of PostgreSQL lasts no longer than a transaction, as with PgBouncer.
DATABASE_POOLER = env("DATABASE_POOLER", default="detect")
if DATABASE_POOLER not in ("detect", "transaction", "none"):
    raise ImproperlyConfigured("DATABASE_POOLER must be detect, transaction or none.")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "badges.password_hashing.LimitedPBKDF2PasswordHasher",
    # Only for the secrets of integrators: 256 random bits need no slow hash.
    "badges.models.secrets.SecretHasher",
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "badges.admin.backend.PersonBackend",
]
# The maximum number of failed sign-ins with one user name from one address, before a timeout.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "badges.client_address.address_of_request"
# Users may type a password into the field for the user name, so the input is stored as a hash.
AXES_USERNAME_CALLABLE = "badges.admin.accounts.pseudonym_of_attempt"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# Roles that require a second factor; "superuser" is one too.
SECOND_FACTOR_FOR = env.list("SECOND_FACTOR_FOR", default=[])
OTP_TOTP_ISSUER = "BadgeAdmin"
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("desk:home")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60  # a year
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "badges" / "locale"]
FORMAT_MODULE_PATH = "badges.formats"
# The time zone of the organisation, in which pages show and take times. Nothing else depends on it.
TIME_ZONE = env("TIME_ZONE", default="UTC")
if not is_time_zone(TIME_ZONE):
    raise ImproperlyConfigured(
        f"TIME_ZONE is {TIME_ZONE!r}, which is not the name of a time zone. Use a name of the IANA "
        "database, such as Europe/Berlin or America/New_York."
    )
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"  # with a subdirectory for each version of the files
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "badges.bundles.BundlesFinder",
]
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [*Compressor.SKIP_COMPRESS_EXTENSIONS, "map"]
MEDIA_URL = "media/"
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "badges.storage.WholeFileStorage"},
    "staticfiles": {"BACKEND": "badges.staticfiles.GzipManifestStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        # The theme sets its colours in a style element and htmx its indicator style.
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"

# Hosts from which pages may load the pictures that badges reference by URL.
PICTURE_HOSTS = [host.strip().lower() for host in env.list("PICTURE_HOSTS", default=[])]
if not all(
    re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?", host) for host in PICTURE_HOSTS
):
    raise ImproperlyConfigured("PICTURE_HOSTS must be host names separated by commas.")

# The number of proxies in front, each of which appends to X-Forwarded-For; with 0 the header is
# ignored.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
if TRUSTED_PROXIES < 0:
    raise ImproperlyConfigured("TRUSTED_PROXIES must be the number of proxies: 0 or more.")

# TLS ends at a proxy that sets X-Forwarded-Proto, and all requests must come through it.
HTTPS = env.bool("HTTPS", default=False)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_REDIRECT_EXEMPT = ["^healthz"]  # health checks come from the internal network
SESSION_ENGINE = "badgeadmin.sessions"
# In seconds: the time without a use of the pages after which a session ends, and the longest time
# from the sign-in, which is a working day.
SESSION_IDLE_TIMEOUT = env.int("SESSION_IDLE_TIMEOUT", default=60 * 60)
SESSION_ABSOLUTE_TIMEOUT = env.int("SESSION_ABSOLUTE_TIMEOUT", default=12 * 60 * 60)
# The cookie outlives the session, so that the log-in page can say that a session has ended.
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_TIMEOUT + 24 * 60 * 60
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "badges.desk.csrf.csrf_failure"
SILENCED_SYSTEM_CHECKS = [
    "axes.W002",  # the sign-in page itself reports a lockout
    # HSTS for other hosts of the domain, and preloading in browsers, are not decisions of one
    # application.
    *("security.W005", "security.W021"),
]

# Ten megabytes, the maximum body of the API; the response to a larger one is 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# Per worker: the maximum number of requests in progress, each with a database connection; the
# maximum number of requests that wait for one; and their timeout in seconds.
MAX_CONCURRENT_REQUESTS = 16
MAX_QUEUED_REQUESTS = 64
QUEUE_TIMEOUT = 5.0

# Per worker, for slow, silent or disconnected clients: timeouts in seconds for headers, for a body,
# and for reading a response; and the maximum number of connections.
HEADER_TIMEOUT = 10.0
BODY_TIMEOUT = 30.0
SEND_TIMEOUT = 30.0
MAX_CONNECTIONS = 4_000
# The maximum number of bodies that are arriving, in total and per address; the maximum number of
# bytes that are buffered until their requests have a response; and the maximum body of a client
# whose credentials cannot be valid.
MAX_PENDING_BODIES = 1_000
MAX_PENDING_BODIES_PER_ADDRESS = 200
MAX_BUFFERED_BODIES = 200 * 1024 * 1024
SMALL_BODY = 16 * 1024

# The maximum number of calls of one integrator per second; 0 means no limit.
API_CALLS_PER_SECOND = env.int("API_CALLS_PER_SECOND", default=5_000)
# The maximum number of failed authentications, of calls and token requests, per address and minute.
UNAUTHENTICATED_CALLS_PER_MINUTE = env.int("UNAUTHENTICATED_CALLS_PER_MINUTE", default=120)
# The maximum number of failed sign-ins per address, or per known device, and minute.
SIGN_IN_FAILURES_PER_MINUTE = env.int("SIGN_IN_FAILURES_PER_MINUTE", default=20)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "badges.api.authentication.BasicAuthentication",
        "badges.api.authentication.OAuthAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["badges.api.permissions.HasAccessRight"],
    "DEFAULT_THROTTLE_CLASSES": ["badges.api.throttling.IntegratorThrottle"],
    "DEFAULT_PARSER_CLASSES": ["badges.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["badges.api.envelope.EnvelopeRenderer"],
    "DEFAULT_SCHEMA_CLASS": "badges.api.schema.components.DescribedOperation",
    "EXCEPTION_HANDLER": "badges.api.envelope.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

OAUTH2_PROVIDER_APPLICATION_MODEL = "badges.Integrator"
OAUTH2_PROVIDER = {
    "SCOPES": {"badges": "Badge operations that the access groups of the integrator allow"},
    "ACCESS_TOKEN_EXPIRE_SECONDS": 15 * 60,
    # Store only token hashes; disable every unused grant and transport.
    **{
        f"COMPLIANT_BCP_RFC9700_{practice}": True
        for practice in (
            *("TOKEN_STORAGE", "IMPLICIT_GRANT", "PASSWORD_GRANT", "PKCE_METHOD"),
            *("ACCESS_TOKEN_TRANSPORT", "AUTHZ_RESPONSE_ISS", "REFRESH_TOKEN"),
            "REDIRECT_URI_SCHEME",
        )
    },
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "CLIENT_SECRET_HASHER": "integrator_secret",
    "CLIENT_SECRET_GENERATOR_LENGTH": 43,
    "OAUTH2_VALIDATOR_CLASS": "badges.api.authentication.SecretsValidator",
}

# The readers of the description of the API: all clients, staff, or none.
API_DOCS = env("API_DOCS", default="public")
if API_DOCS not in ("public", "staff", "off"):
    raise ImproperlyConfigured("API_DOCS must be public, staff or off.")

SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "TITLE": "BadgeAdmin API",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api_gateway/v1/badges",
    "POSTPROCESSING_HOOKS": [
        "badges.api.schema.introduction.introduce",
        "badges.api.schema.enums.share_enums",
        "badges.api.schema.headers.describe_headers",
        "badges.api.schema.tokens.describe_token_endpoint",
        "badges.api.schema.examples.add_examples",
        "badges.api.schema.components.tidy",
    ],
    "SERVERS": [{"url": "/", "description": "The server that provides this description."}],
    "TAGS": [
        {"name": "token", "description": "Access tokens for integrators."},
        {"name": "badge", "description": "Definitions of badges and their claims."},
        {"name": "customer", "description": "Giving badges to customers, and listing them."},
        {"name": "enrolment", "description": "Customers who may earn an `ISSUE_EARN` badge."},
        {"name": "group", "description": "Ranked groups of badges."},
        {
            "name": "customField",
            "description": "Fields that the organisation defines for its badges.",
        },
        {"name": "management", "description": "The badges of a customer, for support staff."},
        {
            "name": "import",
            "description": "Importing badges that customers earned in another system.",
        },
        {"name": "requests", "description": "Receipts of accepted requests."},
    ],
}

SHORTCUTS = format_lazy("{}#shortcuts", reverse_lazy("desk:help"))

UNFOLD = {
    "SITE_TITLE": "BadgeAdmin",
    "SITE_HEADER": "BadgeAdmin",
    "SITE_SUBHEADER": _("Badge operations"),
    "SITE_SYMBOL": "workspace_premium",
    "SITE_URL": None,  # its link on the sign-in page would lead back to that page
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "badges.admin.site.favicon"},
    ],
    "SHOW_HISTORY": True,
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"navigation": "badges.admin.site.navigation"},
    "ACCOUNT": {
        "navigation": [
            {"title": _("Keyboard shortcuts"), "link": SHORTCUTS},
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
            {"title": _("Second factor"), "link": reverse_lazy("second-factor")},
            {
                "title": format_lazy("{}: {}", _("Time zone"), lazy_zone_label()),
                "link": reverse_lazy("desk:time-zone"),
            },
        ]
    },
    # Petrol contrasts with the green, amber and red of statuses.
    "COLORS": {
        "primary": {
            "50": "#eff8fa",
            "100": "#d8eef2",
            "200": "#b4dee6",
            "300": "#85c8d6",
            "400": "#57b1c5",
            "500": "#3199b1",
            "600": "#1b6f85",
            "700": "#1a5a6d",
            "800": "#1c4a5a",
            "900": "#1b3f4d",
            "950": "#0c2833",
        },
    },
}

# The file to which signed seals are published; in production preferably on another machine.
AUDIT_HEADS = env("AUDIT_HEADS", default=str(VAR_DIR / "audit" / "heads.jsonl"))
AUDIT_SIGNING_KEY = env("AUDIT_SIGNING_KEY", default=str(VAR_DIR / "audit" / "signing-key.pem"))
# The key of the pseudonyms of erased customers; without it, no pseudonym can be linked to a
# customer.
AUDIT_PSEUDONYM_KEY = env("AUDIT_PSEUDONYM_KEY", default=str(VAR_DIR / "audit" / "pseudonym.key"))
# The interval in which the server seals, in seconds; 0 leaves it to the command seal_audit_log.
AUDIT_SEAL_SECONDS = env.int("AUDIT_SEAL_SECONDS", default=5)

# The bearer token of Prometheus for /metrics; without it the page does not exist.
METRICS_TOKEN = env("METRICS_TOKEN", default="")

# A line for each request: its route, outcome, actor and request id, never a customer.
LOG_REQUESTS = env.bool("LOG_REQUESTS", default=False)
LOG_FORMAT = env("LOG_FORMAT", default="json" if LOG_REQUESTS else "line")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "badgeadmin.telemetry.UTCFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
        "json": {"()": "badgeadmin.telemetry.JSONFormatter"},
    },
    "filters": {"route": {"()": "badgeadmin.telemetry.RouteInsteadOfAddress"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["route"],
        },
        "refused": {"class": "badgeadmin.telemetry.RefusalCounter"},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    # The request log has each sign-in and refusal, with more details.
    "loggers": {
        "axes": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        # Any client can send invalid HTTP.
        "uvicorn.error": {"level": "ERROR"},
        # Any client can send any number of these, so they are counted, without a traceback.
        "django.security": {"handlers": ["refused"], "propagate": False},
        "django.security.csrf": {"handlers": ["console"], "propagate": False},
    },
}
