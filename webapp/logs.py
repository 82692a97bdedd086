"""One line a happening on standard error: plain words in development, JSON in production. No message text, ever."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webapp.settings import Settings

PLAIN = "%(asctime)s %(levelname)s %(name)s %(message)s"


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class WithoutValues(logging.Filter):
    """SQLAlchemy prints the values of a failed statement, and so what people wrote: keep the kind alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None and hasattr(record.exc_info[1], "hide_parameters"):
            kind = type(record.exc_info[1]).__name__
            record.msg, record.args, record.exc_info = f"{record.getMessage()} ({kind})", (), None
        return True


def configure(settings: Settings) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.production else logging.Formatter(PLAIN))
    handler.addFilter(WithoutValues())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
