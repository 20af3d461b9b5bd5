"""The pictures of the interface, drawn for it: 16 by 16, one stroke, in the colour of the text beside them.

They stand inside the page, so that no picture is fetched and each follows the theme.
"""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

_STROKES = {
    "check": "M3 8.5 6.5 12 13 4.5",
    "cross": "M4 4l8 8M12 4l-8 8",
    "question": "M5.5 6a2.5 2.5 0 1 1 3.6 2.2C8.3 8.6 8 9 8 10M8 12.5v.5",
    "clock": "M8 4.5V8l2.5 1.5M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
    "dot": "M8 6.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3z",
    "pen": "M3 13l.7-3L10.5 3.2l2.3 2.3L6 12.3zM9 4.7 11.3 7",
    "send": "M2.5 8h10M8.5 4l4 4-4 4",
    "receive": "M13.5 8h-10M7.5 4l-4 4 4 4",
    "people": "M6 7.5a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM2 13c0-2.3 1.7-3.7 4-3.7s4 1.4 4 3.7"
    "M10.5 3.2a2.3 2.3 0 0 1 0 4.2M12 9.7c1.3.6 2 1.8 2 3.3",
    "warning": "M8 2.5 14.2 13H1.8zM8 6.5v3M8 11v.5",
    "info": "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM8 7.5V11M8 5v.5",
    "pause": "M5.5 3.5v9M10.5 3.5v9",
    "stop": "M4 4h8v8H4z",
    "search": "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5 14 14",
    "menu": "M2 4h12M2 8h12M2 12h12",
    "lock": "M4 7.5h8V13H4zM5.5 7.5V5.3a2.5 2.5 0 0 1 5 0v2.2",
    "key": "M5 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 8h6M12 8v2.5",
    "seal": "M8 1.8 13 4v4c0 3-2.1 5.2-5 6.2C5.1 13.2 3 11 3 8V4zM5.8 8l1.6 1.6 2.9-3.2",
    "arrow": "M3 8h10M9 4l4 4-4 4",
    "older": "M10 3.5 5.5 8l4.5 4.5",
    "newer": "M6 3.5 10.5 8 6 12.5",
}


def icon(name: str) -> SafeString:
    """The picture, hidden from screen readers: the word beside it says the same."""
    return format_html(
        '<svg class="icon icon-{}" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" '
        'focusable="false"><path d="{}"/></svg>',
        name,
        _STROKES[name],
    )
