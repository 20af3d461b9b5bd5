"""Settings for tests: the product's own, with a home that is made for this run."""

import os
import tempfile

_home = os.environ.setdefault("COMITY_HOME", tempfile.mkdtemp(prefix="comity-tests-"))
os.environ.setdefault("COMITY_PLAIN_HTTP_PARTNERS", "true")

from comity.node.settings import *  # noqa: E402, F403
from comity.node.settings import CONFIG, DATABASES, STORAGES, TEMPLATES  # noqa: E402

TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = "UNKNOWN-VARIABLE[%s]"  # type: ignore[index]  # untyped dict; tests look for it
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast: tests log in hundreds of times
if CONFIG.database.startswith("sqlite"):
    # A file, not memory: threads share it, and WAL is real.
    DATABASES["default"]["TEST"] = {"NAME": f"{_home}/test.sqlite3"}
