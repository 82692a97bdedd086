"""Every environment variable, typed, with all faults reported at once."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from webapp.secret_rules import MIN_KEY_LENGTH, MIN_PASSWORD_LENGTH, is_weak, opens_flower_to_others

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    metrics_host: str = "127.0.0.1"  # figures ask for no password
    metrics_port: int = Field(8001, ge=1, le=65535)
    flower_port: int = Field(8002, ge=1, le=65535)
    data_dir: Path = Path("var")
    environment: Environment = Environment.DEVELOPMENT
    database_url: str = Field(min_length=1)
    redis_url: str = Field(min_length=1)
    secret_key: str = Field(min_length=1)
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
    storage_url: str = ""
    storage_options: dict[str, Any] = Field(default_factory=dict, repr=False)
    flower_basic_auth: str = ""
    demo: bool = True

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("timezone")
    @classmethod
    def _is_a_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise PydanticCustomError("zone", "must be a time zone by its name, such as Europe/Paris") from None
        return value

    @field_validator("smtp_url")
    @classmethod
    def _reaches_a_mail_server(cls, value: str) -> str:
        return _an_address(value, ("smtp", "smtps"), "smtp://user:password@host:587 or smtps://...:465")

    @field_validator("openai_base_url")
    @classmethod
    def _reaches_a_model(cls, value: str) -> str:
        return _an_address(value, ("http", "https"), "https://host/v1")

    @field_validator("staff_webhook_url")
    @classmethod
    def _reaches_a_webhook(cls, value: str) -> str:
        return _an_address(value, ("http", "https"), "https://host/path")

    @field_validator("storage_url")
    @classmethod
    def _reaches_a_storage(cls, value: str) -> str:
        scheme, separator, place = value.partition("://")
        if value and not (scheme and separator and place.strip("/")):
            raise PydanticCustomError("address", "must look like {shape}", {"shape": "s3://bucket/prefix"})
        return value

    @field_validator("storage_options", mode="before")
    @classmethod
    def _read_options(cls, value: object) -> object:
        """Read the JSON; what it says stays unsaid, it holds a secret key."""
        try:
            options = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            options = None
        if not isinstance(options, dict):
            raise PydanticCustomError("options", "must be a JSON object")
        return options

    @property
    def uploads_a_day(self) -> int | None:
        """Files a customer may send in a day; None when limits are lifted and nobody asked for this one."""
        lifted = not self.ratelimit_enabled and "uploads_per_client_per_day" not in self.model_fields_set
        return None if lifted else self.uploads_per_client_per_day

    @property
    def production(self) -> bool:
        return self.environment is Environment.PRODUCTION

    @property
    def address(self) -> str:
        """The address people open, without a slash at its end."""
        return self.public_url.rstrip("/") or f"http://localhost:{self.port}"

    @property
    def sender(self) -> str:
        """Whom our mails come from: the user of SMTP_URL when it is an address, else one of our own host."""
        user = unquote(urlsplit(self.smtp_url).username or "")
        return user if "@" in user else f"noreply@{urlsplit(self.address).hostname}"

    @property
    def testing(self) -> bool:
        return self.environment is Environment.TESTING

    @property
    def has_model(self) -> bool:
        return bool(self.openai_api_key)


def _an_address(value: str, schemes: tuple[str, ...], shape: str) -> str:
    """Return a URL that can be used, or say what it should look like; what it is stays unsaid, it holds a password."""
    if not value:
        return value
    try:
        url = urlsplit(value)
        usable = url.scheme in schemes and bool(url.hostname) and url.port != 0 and value.isprintable()
    except ValueError:
        usable = False
    if not usable or " " in value:
        raise PydanticCustomError("address", "must look like {shape}", {"shape": shape})
    return value


def _secret_faults(given: Mapping[str, str]) -> list[str]:
    """Return what production refuses: secrets that are missing, short or known to everybody."""
    faults = []
    if is_weak(given.get("secret_key", ""), MIN_KEY_LENGTH):
        faults.append(f"SECRET_KEY is missing, well known or shorter than {MIN_KEY_LENGTH} characters")
    if "admin_password" in given and is_weak(given["admin_password"]):
        faults.append(f"ADMIN_PASSWORD is well known or shorter than {MIN_PASSWORD_LENGTH} characters")
    if "flower_basic_auth" in given and opens_flower_to_others(given["flower_basic_auth"]):
        fault = f"must be user:password, the password unknown to others and of {MIN_PASSWORD_LENGTH} characters or more"
        faults.append(f"FLOWER_BASIC_AUTH {fault}")
    if not given.get("public_url", "").startswith("https://"):
        faults.append("PUBLIC_URL must be the https:// address people use")
    for name in ("database_url", "redis_url"):
        if is_weak(_password_of(given.get(name, ""))):
            fault = f"has no password, a well-known one, or one under {MIN_PASSWORD_LENGTH} characters"
            faults.append(f"{name.upper()} {fault}")
    return faults


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
    production = given.get("environment") == Environment.PRODUCTION
    faults = _secret_faults(given) if production else []
    try:
        settings = Settings.model_validate(given | {"database_url": _with_driver(given.get("database_url", ""))})
    except ValidationError as error:
        told = {fault.partition(" ")[0] for fault in faults}
        found = [(str(each["loc"][0]).upper(), each["msg"], each["type"]) for each in error.errors()]
        faults += [_sentence(*each) for each in found if each[0] not in told]
    if faults:
        raise SettingsError(faults)
    return settings


def _with_driver(url: str) -> str:
    """SQLAlchemy 2.1 takes a plain postgresql:// for psycopg 3; the stack is psycopg2."""
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg2://" + url.removeprefix(scheme)
    return url


def _sentence(name: str, message: str, kind: str) -> str:
    return f"{name} is not set" if kind in ("missing", "string_too_short") else f"{name}: {message}"
