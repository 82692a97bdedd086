"""`python3 -m launcher VERB`: what the Makefile calls."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from launcher import doctor, run, tools
from launcher.faults import Fault
from launcher.terminal import complain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INTERRUPTED = 130
PRIVATE = {"run", "ingest", "doctor"}  # what these write is for the user alone


def main(arguments: Sequence[str]) -> int:
    verb, *rest = arguments or [""]
    verbs: dict[str, Callable[[], int]] = {
        "run": lambda: run.run(os.environ),
        "test": lambda: tools.test(os.environ),
        "check": lambda: tools.check(os.environ),
        "ingest": lambda: tools.ingest(os.environ, rest),
        "evaluate": lambda: tools.evaluate(os.environ),
        "chaos": lambda: tools.chaos(os.environ),
        "bench": lambda: tools.bench(os.environ),
        "doctor": lambda: doctor.doctor(os.environ),
    }
    if verb not in verbs:
        complain(f"python3 -m launcher {'|'.join(verbs)}")
        return 2
    if verb in PRIVATE:
        os.umask(0o077)
    try:
        return verbs[verb]()
    except Fault as fault:
        complain(str(fault))
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
