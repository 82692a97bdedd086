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


class NotCheckedYetError(ConflictError):
    """A file that is not cleaned yet, and shown to nobody before."""

    code = "not_checked_yet"


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


class MalformedFormError(MalformedError):
    """A form that breaks off, or is none."""

    code = "malformed_form"


class MissingKeyError(BusinessError):
    code = "missing_key"


class TooLargeError(BusinessError):
    code = "too_large"


class WrongTypeError(BusinessError):
    code = "wrong_type"


class WrongFilesError(WrongTypeError):
    """Files of a kind nobody may send; `names` says which."""

    code = "wrong_files"


class LargeFilesError(TooLargeError):
    """Files over their limit; `names` says which."""

    code = "large_files"


class UnavailableError(BusinessError):
    """`retry_after` is in whole seconds."""

    code = "unavailable"
    retry_after = 5


class StorageAwayError(UnavailableError):
    """Files can neither be kept nor read: the storage is full, or away."""

    code = "storage_away"
    retry_after = 30


class TooManyFilesError(InvalidError):
    """More files than one message takes."""

    code = "too_many_files"


class NoFilesError(InvalidError):
    """A message of files without any."""

    code = "no_files"


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


class TooManyFilesADayError(TooManyError):
    code = "too_many_files_a_day"


class DocumentRefusedError(BusinessError):
    """A file that cannot enter the knowledge: `code` says why (locked, broken, pictures_only, empty, ...)."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(**values)
        self.code = code


class PictureRefusedError(BusinessError):
    """A customer's file that cannot be shown: `code` says why (broken, too_many_pixels, locked, empty, unsupported)."""

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
