"""Entry 4: `python -m tasks.flower --address=... --port=...`: Flower on our broker, without our tasks in its memory."""

import os
import sys

import click
from celery import Celery
from celery.bin.base import CLIContext
from flower.command import flower

from tasks import transport
from webapp.secret_rules import MIN_PASSWORD_LENGTH, opens_flower_to_others

# Flower reads the options of the command it is usually part of.
command = click.Group("celery", commands={"flower": flower})

OPEN_TO_ALL = "FLOWER_BASIC_AUTH must be user:password: Flower shows everything to whoever reaches it."
GUESSED = f"FLOWER_BASIC_AUTH needs a password unknown to others, of {MIN_PASSWORD_LENGTH} characters or more."

if __name__ == "__main__":
    basic_auth = os.environ.get("FLOWER_BASIC_AUTH", "")
    if not all(basic_auth.partition(":")):
        sys.exit(OPEN_TO_ALL)
    if os.environ.get("ENVIRONMENT") == "production" and opens_flower_to_others(basic_auth):
        sys.exit(GUESSED)
    transport.install()
    app = Celery("chatbot-sav", broker=os.environ["REDIS_URL"], config_source="celeryconfig")
    command(["flower", *sys.argv[1:]], obj=CLIContext(app=app, no_color=True, workdir=None))
