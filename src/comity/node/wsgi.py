"""The WSGI application of the node, for `comity-node run` and for any other WSGI server."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "comity.node.settings")

_pages = get_wsgi_application()

from comity.node.federation.services import own  # noqa: E402  Django is set up by the line above
from comity.node.site.bodies import in_turn  # noqa: E402  as above

application = in_turn(_pages, settings.CONFIG.web_threads)
own.finish_renewal()  # the process before this one may have died in the middle of it
