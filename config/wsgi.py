"""The web process's entry."""

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")


class Request(WSGIRequest):
    """A request whose text is UTF-8, whatever charset its content type names.

    Django would decode the query by it while it makes the request, where nothing answers for an error: `charset=hex` ended
    in the server's own 500.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        super()._set_content_type_params({**meta, "CONTENT_TYPE": ""})  # type: ignore[misc]  # not in the stubs
        kind, _, _ = meta.get("CONTENT_TYPE", "").partition(";")
        self.content_type = kind.strip().lower()


class Application(WSGIHandler):
    """Django's own, with that request."""

    request_class = Request


django.setup(set_prefix=False)
application = Application()
