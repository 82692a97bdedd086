"""What a secret must be in production: long enough, and not one that everybody knows."""

from __future__ import annotations

WELL_KNOWN = ("admin", "changeme", "change-me", "password", "secret", "dev", "test", "example")
MIN_KEY_LENGTH = 32
MIN_PASSWORD_LENGTH = 12


def is_weak(secret: str, length: int = MIN_PASSWORD_LENGTH) -> bool:
    lowered = secret.lower()
    return len(secret) < length or any(lowered.startswith(word) for word in WELL_KNOWN)


def opens_flower_to_others(basic_auth: str) -> bool:
    """Say whether `user:password[,user:password...]` lets in who guesses; Flower takes each of them."""
    entries = [entry.partition(":") for entry in basic_auth.split(",")]
    return not all(user and not is_weak(password) for user, _, password in entries)
