"""A fleet behind a TLS proxy. Refuses to start without a signing key and the names it is served under."""

import os

from . import environment
from .base import *
from .base import BASE_DIR, STORAGES

SECRET_KEY = environment.required("DJANGO_SECRET_KEY")
ALLOWED_HOSTS = [name.strip() for name in environment.required("DRYDOCK_HOSTS").split(",")]

_TLS = environment.switch("DRYDOCK_TLS", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _TLS else None
SECURE_SSL_REDIRECT = _TLS
# The probes of an orchestrator come from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if _TLS else 0
SESSION_COOKIE_SECURE = _TLS
CSRF_COOKIE_SECURE = _TLS

STATIC_ROOT = BASE_DIR / "build" / "static"
WHITENOISE_USE_FINDERS = not STATIC_ROOT.is_dir()
# Not the manifest storage: it would hash names that already carry a hash and ship every file twice.
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"}}

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = os.environ.get("DRYDOCK_MAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("DRYDOCK_MAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("DRYDOCK_MAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("DRYDOCK_MAIL_PASSWORD", "")
EMAIL_USE_TLS = environment.switch("DRYDOCK_MAIL_TLS", default=False)
