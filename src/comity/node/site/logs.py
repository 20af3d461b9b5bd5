"""What a stranger can write into the log: one short line for each request, and few of them in a minute."""

from __future__ import annotations

import logging

_MOST = 10  # lines in one minute
_MINUTE = 60
_LONGEST = 100  # characters of the name that was asked for


class OtherHosts(logging.Filter):
    """Requests for a host that is not ours: scanners send thousands, each of them a traceback in Django."""

    def __init__(self) -> None:
        super().__init__()
        self._minute = 0
        self._count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Make it one line; False for what is beyond the bound, which the next minute counts."""
        minute, passed_over = int(record.created) // _MINUTE, max(0, self._count - _MOST)
        if minute != self._minute:
            self._minute, self._count = minute, 0
        else:
            passed_over = 0
        self._count += 1
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        request = getattr(record, "request", None)
        host = ascii(request.META.get("HTTP_HOST", "") if request else "")[:_LONGEST]
        more = f"; {passed_over} more were not noted" if passed_over else ""
        record.msg, record.args = f"a request for the host {host}, which is not ours{more}", ()
        return self._count <= _MOST
