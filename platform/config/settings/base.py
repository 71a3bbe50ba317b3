"""What every installation of Drydock shares. The mode follows from the environment: without `REDIS_URL` and
`DATABASE_URL` everything runs embedded in one process tree on SQLite; with them it is a fleet.

Leaves the cluster hosts, the bus and Celery to `hosting`, which is imported last.
"""

import os
from pathlib import Path

from . import environment

BASE_DIR = Path(__file__).resolve().parents[3]
DATA_DIR = Path(os.environ.get("DRYDOCK_DATA") or BASE_DIR / "var").resolve()
REDIS_URL = os.environ.get("REDIS_URL", "")

DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = False
SECRET_KEY = environment.secret_key(DATA_DIR)
ALLOWED_HOSTS = environment.words("DRYDOCK_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = environment.words("DRYDOCK_ORIGINS", [])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",  # its templates, for our own form renderer
    "django_htmx",
    "channels",
    "foundation",
    "accounts",
    "catalog",
    "labs",
    "progress",
    "classroom",
    "live",
    "gateway",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "foundation.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "foundation.middleware.ApplicationErrorMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

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
                "accounts.context.reader",
            ],
        },
    },
]
FORM_RENDERER = "foundation.forms.FieldRenderer"

DATABASES = {"default": environment.database(DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# The channel layer carries rare notices only; state goes through the bus.
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["name", "email"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "labs:list"
LOGOUT_REDIRECT_URL = "home"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "foundation.views.csrf_failed"

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
UI_BUILD_DIR = BASE_DIR / "build" / "ui"
STATICFILES_DIRS = [("ui", UI_BUILD_DIR)]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Served straight from where the build put them: no copy step between a build and a running site.
WHITENOISE_USE_FINDERS = True
# The build puts a hash into each name, so such a file never changes.
WHITENOISE_IMMUTABLE_FILE_TEST = r"-[A-Z0-9]{8}\.(js|css|woff2)(\.map)?$"

LESSONS_DIR = BASE_DIR / "lessons"
GLOSSARY_FILE = LESSONS_DIR / "words.yaml"

# Where a lower app needs something of a higher one (docs/architecture.md, section 3): dotted names, called in order.
LAB_PAGE_PARTS = ["progress.page.lab_part", "classroom.page.lab_part"]
PROGRESS_LISTENERS = ["classroom.services.place_changed"]
CLUSTER_RESET_LISTENERS = ["progress.services.cluster_reset"]
GUESTS_KEPT = ["classroom.selectors.members_of_open_classes"]
GUEST_MERGE = ["labs.services.guest_merge", "progress.services.guest_merge", "classroom.services.guest_merge"]

EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
DEFAULT_FROM_EMAIL = os.environ.get("DRYDOCK_MAIL_FROM", "Drydock <drydock@localhost>")

SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A YAML form may be large; the bodies of commands are limited by the host's own door.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "foundation.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": environment.choice("DRYDOCK_LOG_FORMAT", ["line", "json"]),
        }
    },
    "root": {"handlers": ["console"], "level": os.environ.get("DRYDOCK_LOG", "WARNING")},
}

from .hosting import *  # noqa: E402  (last, so that the hosts' settings may build on these)
