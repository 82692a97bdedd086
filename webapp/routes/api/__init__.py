"""JSON under /api, one module a noun of the contract."""

from __future__ import annotations

from flask import Blueprint

api = Blueprint("api", __name__)
