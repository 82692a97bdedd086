"""Every environment variable, typed, with all faults reported at once."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

if TYPE_CHECKING:
    from collections.abc import Mapping

WELL_KNOWN_SECRETS = ("admin", "changeme", "change-me", "password", "secret", "dev", "test", "example")
MIN_SECRET_LENGTH = 32
MIN_PASSWORD_LENGTH = 12


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"
    TESTING = "testing"


class ModelOut(StrEnum):
    """What happens to a question while the model is out: quoted answers, or waiting until the deadline."""

    EXTRACTIVE = "extractive"
    WAIT = "wait"


class SettingsError(Exception):
    """The environment is wrong; `faults` has one plain sentence each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Settings(BaseModel):
    """The environment as the code sees it. Field names are the variables' names in lower case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    port: int = Field(8000, ge=1, le=65535)
    host: str = "127.0.0.1"
    metrics_port: int = Field(8001, ge=1, le=65535)
    flower_port: int = Field(8002, ge=1, le=65535)
    data_dir: Path = Path("var")
    environment: Environment = Environment.DEVELOPMENT
    database_url: str
    redis_url: str
    secret_key: str
    public_url: str = ""
    proxy_hops: int = Field(0, ge=0)
    timezone: str = "Europe/Paris"
    openai_api_key: str = ""
    openai_base_url: str = ""
    openai_model: str = "gpt-4o-mini"
    openai_max_tokens: int = Field(500, ge=1)
    openai_temperature: float = Field(0.2, ge=0, le=2)
    openai_embedding_model: str = ""
    model_out: ModelOut = ModelOut.EXTRACTIVE
    admin_email: str = ""
    admin_password: str = ""
    admin_name: str = "Admin"
    access_token_expire_minutes: int = Field(30, ge=1)
    allowed_origins: tuple[str, ...] = ()
    max_pending_per_client: int = Field(3, ge=1)
    uploads_per_client_per_day: int = Field(50, ge=0)
    reply_deadline_seconds: int = Field(600, ge=1)
    ratelimit_enabled: bool = True
    web_concurrency: int = Field(2, ge=1)
    reply_concurrency: int = Field(32, ge=2)
    drain_seconds: int = Field(8, ge=1)
    smtp_url: str = ""
    staff_webhook_url: str = ""
    flower_basic_auth: str = ""
    demo: bool = True

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _name_the_driver(cls, value: str) -> str:
        """SQLAlchemy 2.1 takes a plain postgresql:// for psycopg 3; the stack is psycopg2."""
        for scheme in ("postgres://", "postgresql://"):
            if value.startswith(scheme):
                return "postgresql+psycopg2://" + value.removeprefix(scheme)
        if not value.startswith("postgresql+psycopg2://"):
            raise ValueError("is not a postgresql:// address")
        return value

    @model_validator(mode="after")
    def _production_is_strict(self) -> Settings:
        if self.environment is Environment.PRODUCTION:
            faults = [*_secret_faults(self)]
            if faults:
                raise ValueError("; ".join(faults))
        return self

    @property
    def production(self) -> bool:
        return self.environment is Environment.PRODUCTION

    @property
    def testing(self) -> bool:
        return self.environment is Environment.TESTING

    @property
    def has_model(self) -> bool:
        return bool(self.openai_api_key)


def _secret_faults(settings: Settings) -> list[str]:
    faults = []
    if _weak(settings.secret_key, MIN_SECRET_LENGTH):
        faults.append(f"SECRET_KEY is missing, well known or shorter than {MIN_SECRET_LENGTH} characters")
    if settings.admin_password and _weak(settings.admin_password, MIN_PASSWORD_LENGTH):
        faults.append(f"ADMIN_PASSWORD is well known or shorter than {MIN_PASSWORD_LENGTH} characters")
    if not settings.public_url.startswith("https://"):
        faults.append("PUBLIC_URL must be the https:// address people use")
    for name, url in (("DATABASE_URL", settings.database_url), ("REDIS_URL", settings.redis_url)):
        if _weak(_password_of(url), MIN_PASSWORD_LENGTH):
            faults.append(f"{name} has no password, a well-known one, or one under {MIN_PASSWORD_LENGTH} characters")
    return faults


def _weak(secret: str, length: int) -> bool:
    lowered = secret.lower()
    return len(secret) < length or any(lowered.startswith(word) for word in WELL_KNOWN_SECRETS)


def _password_of(url: str) -> str:
    credentials = url.partition("://")[2].rpartition("@")[0]
    return credentials.partition(":")[2]


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment.

    Raises:
        SettingsError: naming every fault at once.
    """
    environ = os.environ if environ is None else environ
    given = {name: environ[name.upper()] for name in Settings.model_fields if environ.get(name.upper())}
    if "port" in given and given["port"].isdigit():
        given.setdefault("metrics_port", str(int(given["port"]) + 1))
        given.setdefault("flower_port", str(int(given["port"]) + 2))
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError(
            [_sentence(fault["loc"], fault["msg"], fault["type"]) for fault in error.errors()]
        ) from None


def _sentence(location: tuple[int | str, ...], message: str, kind: str) -> str:
    name = str(location[0]).upper() if location else "ENVIRONMENT=production"
    if kind == "missing":
        return f"{name} is not set"
    return f"{name}: {message.removeprefix('Value error, ')}"
