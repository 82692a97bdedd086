from __future__ import annotations


class Fault(Exception):  # noqa: N818 - it is a sentence for a person, not an error of the code
    """Something a person can mend, said in one sentence without any secret."""
