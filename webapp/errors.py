"""Business errors. Each is a class with a stable code; routes/problems.py alone turns them into HTTP.

The sentence a person reads is looked up in the texts by `code`; `values` fills its placeholders.
"""

from __future__ import annotations


class BusinessError(Exception):
    """Something the caller asked for cannot be done, and why."""

    code = "error"

    def __init__(self, **values: object) -> None:
        super().__init__(self.code)
        self.values = values


class NotFoundError(BusinessError):
    """Not there, or not theirs: nobody learns which."""

    code = "not_found"


class ForbiddenError(BusinessError):
    code = "forbidden"


class CsrfError(ForbiddenError):
    """The form or script does not carry the token of this session."""

    code = "csrf"


class ForeignOriginError(ForbiddenError):
    """A sign-in sent by another site."""

    code = "foreign_origin"


class SignedOutError(BusinessError):
    code = "signed_out"


class WrongPasswordError(SignedOutError):
    code = "wrong_password"


class ConflictError(BusinessError):
    code = "conflict"


class ConversationClosedError(ConflictError):
    code = "conversation_closed"


class EmailTakenError(ConflictError):
    code = "email_taken"


class LinkSpentError(ConflictError):
    """A one-time link that was used, is too old, or never was one."""

    code = "link_spent"


class OwnAccessError(ConflictError):
    """Somebody would change what she herself may do."""

    code = "own_access"


class LastAdminError(ConflictError):
    """Nobody would be left to open the settings."""

    code = "last_admin"


class SettingsChangedError(ConflictError):
    """Somebody else changed the settings since they were read."""

    code = "settings_changed"


class TitleTakenError(ConflictError):
    """Another saved reply has this title."""

    code = "title_taken"


class InvalidError(BusinessError):
    """A value that cannot be accepted; `field` names it."""

    code = "invalid"


class MalformedError(BusinessError):
    """The request cannot be read at all."""

    code = "malformed"


class MissingKeyError(BusinessError):
    code = "missing_key"


class TooLargeError(BusinessError):
    code = "too_large"


class WrongTypeError(BusinessError):
    code = "wrong_type"


class UnavailableError(BusinessError):
    code = "unavailable"


class KeyReusedError(InvalidError):
    """The idempotency key was already used for other content."""

    code = "key_reused"


class TooManyError(BusinessError):
    """A limit is reached; `retry_after` is in whole seconds."""

    code = "too_many"

    def __init__(self, retry_after: int, **values: object) -> None:
        super().__init__(retry_after=retry_after, **values)
        self.retry_after = retry_after


class TooManyPendingError(TooManyError):
    code = "too_many_pending"


class DocumentRefusedError(BusinessError):
    """A file that cannot enter the knowledge: `code` says why (locked, broken, pictures_only, empty, ...)."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(**values)
        self.code = code


class ModelUnavailableError(BusinessError):
    """The model did not give a usable reply.

    `permanent` is true when trying again cannot help (bad key, quota spent); `retry_after` is in seconds.
    """

    code = "model_unavailable"

    def __init__(self, reason: str, *, retry_after: float | None = None, permanent: bool = False) -> None:
        super().__init__(reason=reason)
        self.reason = reason
        self.retry_after = retry_after
        self.permanent = permanent
