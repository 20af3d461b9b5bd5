"""Settings for tests: the product's own, with a home that is made for this run and removed after it."""

import atexit
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

_worker = os.environ.get("PYTEST_XDIST_WORKER")
_only_read = "mypy" in sys.modules  # it reads the settings, and ends without doing what `atexit` was told
if _only_read:
    os.environ["COMITY_HOME"] = f"{tempfile.gettempdir()}/comity-tests-of-nobody"  # never made
elif _worker:  # its parent has made a home; each worker has a folder of its own in it
    os.environ["COMITY_HOME"] = os.path.join(os.environ["TESTS_OF_COMITY"], _worker)  # noqa: PTH118  as text
elif "TESTS_OF_COMITY" not in os.environ:
    os.environ["TESTS_OF_COMITY"] = tempfile.mkdtemp(prefix="comity-tests-")
    os.environ["COMITY_HOME"] = os.environ["TESTS_OF_COMITY"]
    atexit.register(shutil.rmtree, os.environ["TESTS_OF_COMITY"], ignore_errors=True)


def _end(_number: int, _frame: FrameType | None) -> None:
    """Does what Ctrl-C does, so that nodes stop and folders go; told again, it is already at that."""
    signal.signal(signal.SIGTERM, lambda *_: None)
    raise KeyboardInterrupt


if not _only_read:
    signal.signal(signal.SIGTERM, _end)
os.environ.setdefault("COMITY_PLAIN_HTTP_PARTNERS", "true")

from comity.node.settings import *  # noqa: E402, F403  the environment is set first
from comity.node.settings import CONFIG, DATABASES, STORAGES, TEMPLATES  # noqa: E402  as above

if not _only_read:  # WhiteNoise warns of a folder that is not there, and warnings are errors
    Path(CONFIG.home / "static").mkdir(parents=True, exist_ok=True)
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = "UNKNOWN-VARIABLE[%s]"  # type: ignore[index]  # untyped dict
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast: tests log in hundreds of times
if CONFIG.database.startswith("sqlite"):
    # A file, not memory: threads share it, and WAL is real.
    DATABASES["default"]["TEST"] = {"NAME": f"{CONFIG.home}/test.sqlite3"}
