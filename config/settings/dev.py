"""`make run` and `manage.py` on a developer's machine: plain http, secrets of this copy's state folder."""

import os

from django.utils.translation import gettext_lazy as _

from config import env
from config.settings.base import *  # noqa: F403

SECRET_KEY = env.own_secret("SECRET_KEY")
OIDC_RP_CLIENT_SECRET = env.own_secret("OIDC_CLIENT_SECRET")
BUFFER_CLIENT_SECRET = env.own_secret("BUFFER_CLIENT_SECRET")
BUFFER_WEBHOOK_SECRET = env.own_secret("BUFFER_WEBHOOK_SECRET", env.webhook_secret)

# The demo's issuer contains the bank's port: a command beside a running demo means the people of that one.
_issuer = env.state_dir() / "demo-issuer"
if not {"OIDC_ISSUER", "BUFFER_BASE_URL", "SANDBOX_PORT"} & os.environ.keys() and _issuer.exists():
    OIDC_OP_ISSUER = _issuer.read_text(encoding="utf-8").strip()

# Cookies have plain names on http; the bank in the sandbox is kept apart by its host (127.0.0.1, not localhost).
SESSION_COOKIE_NAME = "sessionid"
CSRF_COOKIE_NAME = "csrftoken"
ENVIRONMENT_BANNER = _("Demo: the bank is a stand-in, and no money moves.")
