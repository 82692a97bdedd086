"""Which tests stay together when several workers share the suite: those that share what is dear to make."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

ONE_FOLDER = "tests/browser/"  # one stack, one browser
WHOLE_FILES = ("tests/routes/api/", "tests/routes/pages/")  # one application and one database a file


class Together(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist ships no types for it
    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(ONE_FOLDER):
            return ONE_FOLDER
        return nodeid.partition("::")[0] if nodeid.startswith(WHOLE_FILES) else nodeid
