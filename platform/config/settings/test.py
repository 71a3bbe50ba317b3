"""The test suite: fast password hashes, mail kept in memory, a data folder of its own that leaves the developer's alone,
and a manifest in place of a front-end build, so that pages render without Node."""

import os
import tempfile

os.environ.setdefault("DRYDOCK_DATA", tempfile.mkdtemp(prefix="drydock-test-"))
os.environ.setdefault("DJANGO_SECRET_KEY", "a key for tests only")

from .base import *  # noqa: E402, F403
from .base import BASE_DIR  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
UI_BUILD_DIR = BASE_DIR / "tests" / "web" / "pages" / "ui"
