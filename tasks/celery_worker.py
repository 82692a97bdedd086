"""Entry 3: `python -m tasks.celery_worker -Q <queue> -P <pool> -c <slots> -n <node>`: a Celery worker of one queue.

What `celery -A tasks.worker worker --without-gossip --without-mingle` starts, with threads of ours. That command
imports a shell, a highlighter and Flower before it reads what it was asked: 14 MiB a worker would never use.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from celery.utils.nodenames import default_nodename, host_format

from tasks.slots import Slots
from tasks.worker import app
from webapp.domain import Queue

if TYPE_CHECKING:
    from collections.abc import Sequence

POOLS = {"threads": Slots, "prefork": "prefork"}


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the letters Celery has for them."""
    parser = argparse.ArgumentParser(prog="python -m tasks.celery_worker")
    parser.add_argument("-Q", dest="queue", choices=[str(queue) for queue in Queue], required=True)
    parser.add_argument("-P", dest="pool", choices=list(POOLS), required=True)
    parser.add_argument("-c", dest="slots", type=int, required=True)
    parser.add_argument("-n", dest="node", metavar="NAME@%%h", required=True)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    worker = app.Worker(
        hostname=host_format(default_nodename(options.node)),
        queues=[options.queue],
        pool=POOLS[options.pool],
        concurrency=options.slots,
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
    )
    worker.start()
    return worker.exitcode or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
