"""Settings that hold everywhere; dev, test and production add to them."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from celery.schedules import crontab
from django.utils.functional import Promise

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DEBUG = False

# Addresses
PUBLIC_BASE_URL = env.read("PUBLIC_BASE_URL", f"http://localhost:{env.read('PORT', '8000')}").rstrip("/")
BUFFER_BASE_URL = env.read("BUFFER_BASE_URL", f"http://127.0.0.1:{env.read('SANDBOX_PORT', '8001')}").rstrip("/")
OIDC_OP_ISSUER = env.read("OIDC_ISSUER", BUFFER_BASE_URL)
BUFFER_INFO_URL = env.read("BUFFER_INFO_URL", "https://www.spv.no/bedrift")
SUPPORT_URL = env.read("SUPPORT_URL", "mailto:support@regnskap.example")
ALLOWED_HOSTS = env.read("ALLOWED_HOSTS", urlsplit(PUBLIC_BASE_URL).hostname or "localhost").split()

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",  # the site is access/admin_site.py
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "oauth2_provider",
    "csp",
    "access.apps.AccessConfig",
    "accounting.apps.AccountingConfig",
    "financing.apps.FinancingConfig",
    "dashboard.apps.DashboardConfig",
]

MIDDLEWARE = [
    "financing.api.problems.NoPagesForMachines",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "access.middleware.SecurityHeaders",
    "access.middleware.Sessions",
    "access.middleware.ChosenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "access.middleware.SignInFromScript",
    "access.middleware.SessionLimits",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "access.context.frame",
            ]
        },
    }
]

# Database: two logins at one place. `default` is the application's, which row-level security binds.
DATABASES = {"default": {**env.database(env.read("DATABASE_URL")), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
_owner = env.read("DATABASE_OWNER_URL", "")
DATABASE_OWNER = env.database(_owner) if _owner else None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Text and time
LANGUAGE_CODE = "nb"
LANGUAGES = [("nb", "Norsk bokmål"), ("en", "English")]
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
LANGUAGE_COOKIE_HTTPONLY, LANGUAGE_COOKIE_SAMESITE = True, "Lax"
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Oslo"
USE_I18N = USE_TZ = True

# Sign-in: OpenID Connect only (access/oidc.py). Rights never come from claims.
AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["access.oidc.Backend"]
LOGIN_URL = "oidc_authentication_init"
LOGIN_REDIRECT_URL = "/"
LOGIN_REDIRECT_URL_FAILURE = "/innlogging/mislyktes"
LOGOUT_REDIRECT_URL = "/utlogget"
OIDC_RP_CLIENT_ID = env.read("OIDC_CLIENT_ID", "regnskap")
OIDC_RP_SIGN_ALGO = "ES256"
OIDC_RP_SCOPES = "openid profile email"
OIDC_USE_PKCE = True
OIDC_CREATE_USER = False
OIDC_TIMEOUT = (3, 10)
OIDC_TOKEN_USE_BASIC_AUTH = True
OIDC_STORE_ACCESS_TOKEN = OIDC_STORE_ID_TOKEN = False

# Sessions: kept in the database (a restarted broker signs nobody out); idle 30 minutes, at most 12 hours.
SESSION_COOKIE_AGE = 30 * 60
SESSION_SAVE_EVERY_REQUEST = True
SESSION_ABSOLUTE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the session on the way back from the bank
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True

# Browser walls
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
# Files come by the page «Import» only (accounting/import_views.py). They lie here, unread by anybody but the import, until
# it has ended; web and worker must see the same folder.
UPLOAD_DIR = Path(env.read("UPLOAD_DIR", str(env.state_dir() / "uploads")))
UPLOAD_MOST_BYTES = 300 * 1024 * 1024  # in one go
UPLOAD_MOST_BYTES_EACH = 50 * 1024 * 1024  # of an invoice or a payment file
DATA_UPLOAD_MAX_NUMBER_FILES = 200

# Static files
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# The bank reads through this
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["financing.api.permissions.ConsentAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["financing.api.permissions.Denied"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "financing.api.problems.problem_details",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
OAUTH2_PROVIDER = {
    "OAUTH2_VALIDATOR_CLASS": "financing.api.tokens.ConsentValidator",
    "SCOPES": {"receivables:read": "Read the company's outstanding receivables"},
    "ACCESS_TOKEN_EXPIRE_SECONDS": 1200,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
    "PKCE_REQUIRED": False,  # there is no authorize page: the code goes from server to server
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,  # only checksums are stored
    # What the toolkit still allows by default and RFC 9700 forbids.
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,  # never in an address, which is logged
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "CLIENT_SECRET_HASHER": "generated",
}
# Client secrets are generated, 256 bits: stretching them would cost 0.3 s at every token request and protect nothing.
PASSWORD_HASHERS = ["financing.api.hashers.GeneratedSecretHasher"]

# The bank's API
BUFFER_CLIENT_ID = env.read("BUFFER_CLIENT_ID", "regnskap")
# Read again for every token where it is a file: a secret is changed without a restart, one or two in it while it is.
BUFFER_CLIENT_SECRET_FILE = env.file_of("BUFFER_CLIENT_SECRET")
# Read again at each event, so that the secret is changed without a restart (financing/api/webhooks.py).
BUFFER_WEBHOOK_SECRET_FILE = "" if "BUFFER_WEBHOOK_SECRET" in os.environ else env.read("BUFFER_WEBHOOK_SECRET_FILE", "")
WEBHOOKS_A_SECOND = 300.0  # in each process; more than that is answered 429 and comes again
SECRET_KEY_FALLBACKS = env.read("SECRET_KEY_FALLBACKS", "").split()

# Celery: the database decides, Celery only wakes (financing/tasks.py, docs/decisions/0017-inbox-outbox-sync.md)
REDIS_URL = env.read("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = None
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 120  # below half the visibility time-out, or a task that runs is started once more
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_MAX_TASKS_PER_CHILD = 5000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 250_000  # kB
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "health_check_interval": 25,
}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
WORKER_DEAF_AFTER = int(env.read("WORKER_DEAF_AFTER", "300"))  # seconds without any task (financing/hearing.py)
CREDIT_SYNC_SECONDS = int(env.read("CREDIT_SYNC_SECONDS", "30"))


def _each(task: str, seconds: float, room: str = "financing") -> dict[str, object]:
    # What no worker took before the next one is due is worth nothing.
    return {"task": f"{room}.tasks.{task}", "schedule": seconds, "options": {"expires": seconds}}


# Each kind of work is a task of its own, and of each at most one runs: none waits for another that is slow.
CELERY_BEAT_SCHEDULE = {
    "sync": _each("sync", CREDIT_SYNC_SECONDS),
    "follow": _each("follow", CREDIT_SYNC_SECONDS),
    "send": _each("send_messages", min(CREDIT_SYNC_SECONDS, 10)),
    "drain": _each("drain_events", min(CREDIT_SYNC_SECONDS, 10)),
    "beat": _each("beat", 60),
    "exports": {"task": "accounting.tasks.sweep_exports", "schedule": 30.0, "options": {"expires": 30.0}},
    "imports": _each("sweep_imports", min(CREDIT_SYNC_SECONDS, 30), "accounting"),
    "verify_logs": {"task": "access.tasks.verify_logs", "schedule": crontab(hour=1, minute=40)},
    "forget": {"task": "financing.tasks.forget", "schedule": crontab(hour=2, minute=20)},
}

METRICS_TOKEN = env.read("METRICS_TOKEN", "")
SECRET_SETTINGS = (  # never in a log (access/redaction.py)
    "SECRET_KEY", "OIDC_RP_CLIENT_SECRET", "BUFFER_CLIENT_SECRET", "BUFFER_WEBHOOK_SECRET", "METRICS_TOKEN",
)  # fmt: skip
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"()": "access.redaction.Redacting", "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # At DEBUG they write down the tokens that they are shown.
    "loggers": {"oauthlib": {"level": "INFO"}, "oauth2_provider": {"level": "INFO"}},
}
# How many proxies of our own stand in front; so many entries of X-Forwarded-For from its end are theirs to say.
PROXY_HOPS = 0
ENVIRONMENT_BANNER: str | Promise = ""
