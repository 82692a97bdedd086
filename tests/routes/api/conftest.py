from tests.routes.shared_application import app, database_url, settings

__all__ = ["app", "database_url", "settings"]
