"""Entry 1: the web application, for gunicorn and for the flask command."""

from __future__ import annotations

import sys

from webapp.app import create_app
from webapp.settings import SettingsError, load

try:
    app = create_app(load())
except SettingsError as error:
    sys.exit("The environment is not right:\n" + "\n".join(f"  - {fault}" for fault in error.faults))
