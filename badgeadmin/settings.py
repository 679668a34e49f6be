"""Every setting, each secret and switch from the environment (see .env.example)."""

import sys
from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from badgeadmin.demo_key import demo_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")

VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

SECRET_KEY = env("SECRET_KEY", default="")
if not SECRET_KEY and sys.argv[1:2] == ["demo"]:
    SECRET_KEY = demo_secret_key(VAR_DIR)
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Put a long random value into the environment or into .env "
        "(.env.example shows how to make one), or start with 'python manage.py demo'."
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
    "badges",  # before the apps whose commands it replaces by such as leave a trace
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
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "badgeadmin.csp.ThemedCSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "badgeadmin.languages.ReaderLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "badges.admin.second_factor.RequiredMiddleware",
]

ROOT_URLCONF = "badgeadmin.urls"
WSGI_APPLICATION = "badgeadmin.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["badges.templatetags.marks"],
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
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)  # seconds; to connect takes milliseconds
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A transaction that starts as a reader and then writes fails at once when another one wrote
    # in between, whatever the timeout; IMMEDIATE makes it wait its turn instead.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        # The statement that posts an earn is prepared; Django itself prepares none.
        "prepare_threshold": 5,
        # Seconds to connect, and milliseconds until a connection without an answer is given up.
        "connect_timeout": 5,
        # Small tables by their index too, as on any disk without a moving arm: foreign keys ask
        # for a badge at each row, and read all badges otherwise.
        "options": "-c random_page_cost=1.1",
        "tcp_user_timeout": 10_000,
    } | DATABASES["default"].get("OPTIONS", {})
# How long the server lets a statement run, and a transaction wait for one, in seconds.
DATABASE_PATIENCE = env.int("DATABASE_PATIENCE", default=30)
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
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    # Never for passwords of people: the secrets of integrators, 256 random bits, need no slow one.
    "badges.models.secrets.SecretHasher",
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Whoever fails so often from one address to sign in as somebody has to wait.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
# People type passwords into the field for their name: what they typed is not kept.
AXES_USERNAME_CALLABLE = "badges.admin.accounts.pseudonym_of_attempt"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# Roles whose members sign in with a second factor or not at all, and "superuser".
SECOND_FACTOR_FOR = env.list("SECOND_FACTOR_FOR", default=[])
OTP_TOTP_ISSUER = "BadgeAdmin"
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60  # a year
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "badges" / "locale"]
FORMAT_MODULE_PATH = "badges.formats"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
MEDIA_URL = "media/"
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.ManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        # The theme sets its colours in a style element and htmx its indicator style.
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:", "https:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"

# TLS ends at a proxy that sets X-Forwarded-Proto, and everything is to come by it.
HTTPS = env.bool("HTTPS", default=False)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_REDIRECT_EXEMPT = ["^healthz"]  # which is asked from within
SESSION_COOKIE_AGE = 12 * 60 * 60  # a working day
CSRF_COOKIE_HTTPONLY = True
SILENCED_SYSTEM_CHECKS = [
    "axes.W002",  # the page to sign in says itself that somebody has to wait
    # What other hosts of the domain do, and whether browsers know it beforehand, is not for one
    # application to say.
    *("security.W005", "security.W021"),
]

# Ten megabytes: the largest body the API takes (answered with 413 above it).
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# How many requests a worker of the server works at, each with a connection to the database; how
# many more may wait for that, and how many seconds; how many seconds a body may take to arrive.
PLACES = 16
MOST_WAITING = 64
SECONDS_TO_WAIT = 5.0
SECONDS_TO_SEND = 30.0

# How many calls of one integrator are answered in a second; 0 is no limit.
API_CALLS_PER_SECOND = env.int("API_CALLS_PER_SECOND", default=5_000)
# How many calls and requests for a token of one address may fail to prove who it is, in a minute.
UNPROVED_CALLS_PER_MINUTE = env.int("UNPROVED_CALLS_PER_MINUTE", default=120)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "badges.api.authentication.BasicAuthentication",
        "badges.api.authentication.OAuthAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["badges.api.permissions.HasAccessRight"],
    "DEFAULT_THROTTLE_CLASSES": ["badges.api.pace.IntegratorThrottle"],
    "DEFAULT_PARSER_CLASSES": ["badges.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["badges.api.envelope.EnvelopeRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "badges.api.envelope.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

OAUTH2_PROVIDER_APPLICATION_MODEL = "badges.Integrator"
OAUTH2_PROVIDER = {
    "SCOPES": {"badges": "Badge operations, as far as the access groups of the integrator go"},
    "ACCESS_TOKEN_EXPIRE_SECONDS": 15 * 60,
    # Of tokens a hash alone is kept; of grants and ways that nobody uses here none is open.
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

SPECTACULAR_SETTINGS = {
    "TITLE": "BadgeAdmin API",
    "DESCRIPTION": "Badge operations of a loyalty programme. Every answer has one envelope: "
    "`data`, `errors`, `warnings`.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api_gateway/v1/badges",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "badges.api.schema.headers.describe_headers",
    ],
    "ENUM_NAME_OVERRIDES": {
        "EarnType": "badges.models.EarnType",
        "FactStatus": "badges.models.FactStatus.values",
        "OwnerType": "badges.models.choices.OwnerType.claimable",
        "Status": "badges.models.Status",
        "Unit": "badges.models.Unit.values",
    },
}

UNFOLD = {
    "SITE_TITLE": "BadgeAdmin",
    "SITE_HEADER": "BadgeAdmin",
    "SITE_SUBHEADER": _("Badge operations"),
    "SITE_SYMBOL": "workspace_premium",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "badges.admin.site.favicon"},
    ],
    "SHOW_HISTORY": True,
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": ["badges.admin.site.stylesheet", "badges.admin.site.admin_stylesheet"],
    "SCRIPTS": ["badges.admin.site.script", "badges.admin.site.theme_script"],
    "SIDEBAR": {"navigation": "badges.admin.site.navigation"},
    "ACCOUNT": {
        "navigation": [
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
            {"title": _("Second factor"), "link": reverse_lazy("second-factor")},
        ]
    },
    "DASHBOARD_CALLBACK": "badges.desk.home.dashboard",
    # Petrol: calm beside the green, amber and red of what things are.
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

# The newest seal of the request log, signed; in production better on another machine's disk.
AUDIT_HEADS = env("AUDIT_HEADS", default=str(VAR_DIR / "audit" / "heads.jsonl"))
AUDIT_SIGNING_KEY = env("AUDIT_SIGNING_KEY", default=str(VAR_DIR / "audit" / "signing-key.pem"))
# What the pseudonyms of erased customers are made with; without it nobody can tell whose they are.
AUDIT_PSEUDONYM_KEY = env("AUDIT_PSEUDONYM_KEY", default=str(VAR_DIR / "audit" / "pseudonym.key"))
# How often the server seals, in seconds; 0 leaves it to the command seal_audit_log.
AUDIT_SEAL_SECONDS = env.int("AUDIT_SEAL_SECONDS", default=5)

# What Prometheus shows at /metrics; without it there is nothing.
METRICS_TOKEN = env("METRICS_TOKEN", default="")

# A line for each request: its route, outcome, actor and request id, never a customer.
LOG_REQUESTS = env.bool("LOG_REQUESTS", default=False)
LOG_FORMAT = env("LOG_FORMAT", default="json" if LOG_REQUESTS else "line")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "badgeadmin.telemetry.JSONFormatter"},
    },
    "filters": {"route": {"()": "badgeadmin.telemetry.RouteInsteadOfAddress"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["route"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    # The request log has each sign-in and each refusal, and more of it.
    "loggers": {"axes": {"level": "WARNING"}, "django.request": {"level": "ERROR"}},
}
