"""The tests: as dev, with fixed secrets and no manifest of static files."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-tests")
os.environ.setdefault("OIDC_CLIENT_SECRET", "only-for-tests")
os.environ.setdefault("BUFFER_CLIENT_SECRET", "only-for-tests")
os.environ.setdefault("BUFFER_WEBHOOK_SECRET", "whsec_b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHM=")
os.environ.setdefault("DATABASE_URL", "postgresql://nobody@localhost/none")  # mypy reads the settings without a server
os.environ.setdefault("REDIS_URL", "redis://localhost")

from config.settings.dev import *  # noqa: F403

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
PUBLIC_BASE_URL = "http://localhost:8000"
ALLOWED_HOSTS = ["testserver", "localhost"]
