"""The test suite: fast password hashes, mail kept in memory, a data folder of its own that leaves the developer's alone,
a manifest in place of a front-end build, so that pages render without Node, and a small lesson of the tests' own."""

import os
import tempfile

os.environ.setdefault("DRYDOCK_DATA", tempfile.mkdtemp(prefix="drydock-test-"))
os.environ.setdefault("DJANGO_SECRET_KEY", "a key for tests only")

from .base import *
from .base import BASE_DIR

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
UI_BUILD_DIR = BASE_DIR / "tests" / "web" / "pages" / "ui"
LESSONS_DIR = BASE_DIR / "tests" / "web" / "lessons"
