"""The WSGI application of the node, for `comity-node run` and for any other WSGI server."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "comity.node.settings")

application = get_wsgi_application()

from comity.node.federation.services import own  # noqa: E402  Django is set up by the line above

own.finish_renewal()  # the process before this one may have died in the middle of it
