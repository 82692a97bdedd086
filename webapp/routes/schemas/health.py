"""Whether it works."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class HealthOut(BaseModel):
    status: Literal["ok"]


class ReadyOut(BaseModel):
    checks: dict[str, Literal["ok", "degraded", "failed"]]
