"""The web application: the one place that knows all of webapp."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from prometheus_client import CollectorRegistry
from prometheus_flask_exporter import PrometheusMetrics
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp import cli, logs
from webapp.extensions import STATEMENTS, db, jwt, migrate
from webapp.models.engine import AUTOCOMMIT, WEB_STATEMENT_TIMEOUT_MS, engine_options
from webapp.routes import headers, problems, sessions, tracing, uploads
from webapp.routes.api import (
    api,
    auth,
    chat,
    closing,
    conversations,
    desk,
    facts,
    knowledge,
    openapi,
    operations,
    people,
    photos,
    profile,
    stats,
)
from webapp.routes.api import settings as firm_settings
from webapp.routes.api.health import health
from webapp.routes.pages import pages

if TYPE_CHECKING:
    from webapp.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
WEB_THREADS = 4
MAX_REQUEST_BYTES = 1024 * 1024
JWT_LEEWAY_S = 30
REFRESH_DAYS = 30


def create_app(settings: Settings) -> Flask:
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder="static")
    app.config.from_mapping(_configuration(settings))
    logs.configure(settings)
    _extend(app)
    _route(app)
    cli.register(app)
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # Flask's own recipe
    return app


def _configuration(settings: Settings) -> dict[str, object]:
    options = engine_options(WEB_THREADS, WEB_STATEMENT_TIMEOUT_MS)
    return {
        "SETTINGS": settings,
        "MIGRATIONS": ROOT / "migrations",
        "SECRET_KEY": settings.secret_key,
        "MAX_CONTENT_LENGTH": MAX_REQUEST_BYTES,
        "MAX_FORM_PARTS": 50,
        "TESTING": settings.testing,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": options,
        "SQLALCHEMY_BINDS": {STATEMENTS: {"url": settings.database_url, **options, **AUTOCOMMIT}},
        **_tokens(settings),
    }


def _tokens(settings: Settings) -> dict[str, object]:
    """Tokens live in cookies only; in production their names forbid any other host or path to set them.

    Cookies ignore ports: elsewhere the names tell two copies on one machine apart.
    """
    host, secure = ("__Host-", "__Secure-") if settings.production else (f"{settings.port}_",) * 2
    return {
        "JWT_SECRET_KEY": settings.secret_key,
        "JWT_ALGORITHM": "HS256",
        "JWT_DECODE_ALGORITHMS": ["HS256"],
        "JWT_DECODE_LEEWAY": JWT_LEEWAY_S,
        "JWT_TOKEN_LOCATION": ["cookies"],
        "JWT_COOKIE_SECURE": settings.production,
        "JWT_COOKIE_SAMESITE": "Lax",
        "JWT_COOKIE_CSRF_PROTECT": True,
        "JWT_CSRF_CHECK_FORM": True,
        "JWT_ACCESS_COOKIE_NAME": f"{host}access_token",
        "JWT_ACCESS_CSRF_COOKIE_NAME": f"{host}csrf_access_token",
        "JWT_REFRESH_COOKIE_NAME": f"{secure}refresh_token",
        "JWT_REFRESH_CSRF_COOKIE_NAME": f"{secure}csrf_refresh_token",
        "JWT_REFRESH_COOKIE_PATH": "/api/auth/refresh",
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=settings.access_token_expire_minutes),
        "JWT_REFRESH_TOKEN_EXPIRES": timedelta(days=REFRESH_DAYS),
    }


def _extend(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(app.config["MIGRATIONS"]), compare_type=True)
    jwt.init_app(app)
    # Counted here, shown on METRICS_PORT alone; by rule, so that no id becomes a label.
    PrometheusMetrics(app, path=None, group_by="url_rule", registry=CollectorRegistry(auto_describe=True))


# Importing these modules adds their routes to the blueprint.
API_MODULES = (
    auth,
    chat,
    closing,
    conversations,
    desk,
    facts,
    firm_settings,
    knowledge,
    openapi,
    operations,
    people,
    photos,
    profile,
    stats,
)


def _route(app: Flask) -> None:
    tracing.register(app)
    app.register_blueprint(api, url_prefix="/api")
    app.register_blueprint(health)
    app.register_blueprint(pages)
    uploads.register(app)
    problems.register(app)
    headers.register(app)
    sessions.keep_signed_in(app)
