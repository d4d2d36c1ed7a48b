"""Production: https only, no default for any secret, every address given."""

from config import env
from config.settings.base import *  # noqa: F403

SECRET_KEY = env.read("SECRET_KEY")
PUBLIC_BASE_URL = env.read("PUBLIC_BASE_URL").rstrip("/")
ALLOWED_HOSTS = env.read("ALLOWED_HOSTS").split()
OIDC_OP_ISSUER = env.read("OIDC_ISSUER")
OIDC_RP_CLIENT_ID = env.read("OIDC_CLIENT_ID")
OIDC_RP_CLIENT_SECRET = env.read("OIDC_CLIENT_SECRET")
BUFFER_BASE_URL = env.read("BUFFER_BASE_URL").rstrip("/")
BUFFER_CLIENT_ID = env.read("BUFFER_CLIENT_ID")
BUFFER_CLIENT_SECRET = env.read("BUFFER_CLIENT_SECRET")
BUFFER_WEBHOOK_SECRET = env.read("BUFFER_WEBHOOK_SECRET")

OAUTH2_PROVIDER = {**OAUTH2_PROVIDER, "ALLOWED_REDIRECT_URI_SCHEMES": ["https"]}  # noqa: F405
# W010: PKCE guards a code that passes through a browser; ours goes from server to server and there is no authorize page.
SILENCED_SYSTEM_CHECKS = ["oauth2_provider.W010"]

for _name, _url in (("PUBLIC_BASE_URL", PUBLIC_BASE_URL), ("BUFFER_BASE_URL", BUFFER_BASE_URL)):
    if not _url.startswith("https://"):
        raise env.SettingMissing(f"{_name} must begin with https:// in production")

SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$", "^metrics$"]  # asked beside the proxy that ends TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
PROXY_HOPS = int(env.read("PROXY_HOPS", "1"))
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
