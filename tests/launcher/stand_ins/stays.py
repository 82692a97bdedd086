"""Stands in for whatever stays: has a child of its own, and neither obeys a polite request."""

import os
import signal

signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
while True:
    signal.pause()
