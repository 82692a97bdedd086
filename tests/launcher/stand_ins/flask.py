"""Stands in for the one-shot commands: notes how it was called and what it was given."""

import json
import os
import pathlib
import sys

told = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DATA_DIR", "FLOWER_BASIC_AUTH", "PROMETHEUS_MULTIPROC_DIR")
call = {"arguments": sys.argv[1:], "environment": {name: os.environ.get(name) for name in told}}
with (pathlib.Path(os.environ["DATA_DIR"]) / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps(call) + "\n")
