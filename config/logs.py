"""gunicorn's logs as ours: what it says of a request passes the same redaction (`--logger-class config.logs.Logger`)."""

import logging
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from access.redaction import Redacting


class Logger(GunicornLogger):
    """Its handlers, with our formatter."""

    def _set_handler(self, log: Any, output: Any, fmt: logging.Formatter, stream: Any = None) -> None:
        super()._set_handler(log, output, Redacting(fmt._fmt, fmt.datefmt), stream)
