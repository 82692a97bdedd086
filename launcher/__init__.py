"""`make run` and its kin: the virtual environment, the embedded servers, the processes in order, restart and stop."""

import sys

OLDEST = (3, 11)

if sys.version_info < OLDEST:  # here, because an older Python cannot read the other modules
    sys.exit("Python %d.%d or newer is needed; python3 is %s." % (*OLDEST, sys.version.split()[0]))  # noqa: UP031 - idem
