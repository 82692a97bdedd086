"""A server that speaks S3 over HTTP, as a process of its own."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import httpx

from launcher.ports import LOOPBACK, free_port
from tests.harness import commands
from tests.harness.processes import Process
from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

BUCKET = "files"


class ObjectStore:
    """`url` and `options` are what STORAGE_URL and STORAGE_OPTIONS take; the bucket is there."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        argv = [sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(self._port)]
        self.process = Process("object-store", argv, commands.environment("", "", 0, folder), commands.ROOT, folder)
        self.address = f"http://{LOOPBACK}:{self._port}"
        self.url = f"s3://{BUCKET}/desk"

    @property
    def options(self) -> str:
        return json.dumps({"key": "k", "secret": "s", "client_kwargs": {"endpoint_url": self.address}})

    def __enter__(self) -> Self:
        self.process.start()
        wait_until(self._answers, "the object store", evidence=self.process.tail)
        httpx.put(f"{self.address}/{BUCKET}", trust_env=False).raise_for_status()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()

    def _answers(self) -> bool:
        try:
            return httpx.get(self.address, trust_env=False).is_success
        except httpx.TransportError:
            return False
