from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from launcher import logs, supervisor
from launcher.children import spawn, started_at
from launcher.faults import Fault
from launcher.guardian import Guardian
from launcher.locks import FolderLock
from launcher.remains import Child, end, record, recorded
from launcher.signals import StopRequested, StopSignals
from launcher.supervisor import Part, Supervisor
from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STAYS = "import signal; signal.pause()"
FAILS = "import sys; sys.exit('the disk is full')"
STUBBORN = "import os, signal; signal.signal(15, signal.SIG_IGN); os.fork()\nwhile True: signal.pause()"


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, tmp_path, StopSignals())
    yield made
    made.end({one.part.name for one in made.watched}, seconds=0.0)


def _part(folder: Path, name: str, program: str, *, up_at_once: bool = True) -> Part:
    log = folder / f"{name}.log"
    return Part(
        name=name,
        launch=lambda: spawn([sys.executable, "-c", program], env=os.environ, cwd=folder, log=log),
        log=log,
        ready=lambda: up_at_once,
    )


def _pid(watching: Supervisor, name: str) -> int | None:
    found = next((one for one in watching.watched if one.part.name == name), None)
    return found.process.pid if found and found.process else None


def _count(watching: Supervisor) -> int:
    return sum(one.failures for one in watching.watched)


def test_a_part_that_came_up_is_started_again_and_again(
    watching: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watching.add(_part(tmp_path, "web", FAILS))
    watching.accept_all()

    watching.watch(until=lambda: _count(watching) == supervisor.TRIES + 1)

    said = capsys.readouterr().out.splitlines()
    assert [line.rpartition("again in ")[2] for line in said] == ["0.2 s", "0.4 s", "0.8 s", "1.6 s"]
    assert all(line.startswith("web: ended (code 1)") for line in said)


def test_waiting_grows_to_a_limit_and_starts_over_after_a_long_life(
    watching: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_DELAY", 0.3)
    watching.add(_part(tmp_path, "web", FAILS))
    watching.accept_all()
    watching.watch(until=lambda: _count(watching) == supervisor.TRIES)
    monkeypatch.setattr(supervisor, "SETTLED_SECONDS", 0.0)  # any life is a long one now
    watching.watch(until=lambda: _count(watching) == supervisor.TRIES + 1)

    delays = [line.rpartition("again in ")[2] for line in capsys.readouterr().out.splitlines()]
    assert delays == ["0.2 s", "0.3 s", "0.3 s", "0.2 s"]


def test_a_part_that_never_came_up_stops_the_whole_and_says_why(watching: Supervisor, tmp_path: Path) -> None:
    watching.add(_part(tmp_path, "flower", STAYS), _part(tmp_path, "web", FAILS, up_at_once=False))

    with pytest.raises(Fault) as fault:
        watching.watch()

    assert str(fault.value).startswith("web does not come up: it ended (code 1).")
    assert "the disk is full" in str(fault.value)


def test_a_killed_part_comes_back_and_leaves_nothing_of_its_group(watching: Supervisor, tmp_path: Path) -> None:
    watching.add(_part(tmp_path, "images", STUBBORN))
    watching.watch(until=watching.all_up)
    (old,) = recorded(tmp_path / "processes.json")

    os.kill(old.pid, signal.SIGKILL)
    watching.watch(until=lambda: _pid(watching, "images") not in {None, old.pid})

    wait_until(lambda: not old.alive(), "the end of the old group")
    assert [child.pid for child in recorded(tmp_path / "processes.json")] == [_pid(watching, "images")]


def test_a_one_shot_runs_to_its_end_while_the_others_are_watched(watching: Supervisor, tmp_path: Path) -> None:
    watching.add(_part(tmp_path, "postgres", STAYS))
    first = _pid(watching, "postgres")
    kill_it = f"import os; os.kill({first}, 9)"

    watching.run_to_end(_part(tmp_path, "migrate", kill_it))
    watching.accept_all()
    watching.watch(until=lambda: _pid(watching, "postgres") not in {None, first})


def test_a_one_shot_that_fails_says_why(watching: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(Fault, match=r"migrate failed\.(.|\n)*the disk is full"):
        watching.run_to_end(_part(tmp_path, "migrate", FAILS))

    assert recorded(tmp_path / "processes.json") == []


def test_a_stop_during_a_one_shot_ends_it(watching: Supervisor, tmp_path: Path) -> None:
    watching.stop_signals.requested = True

    with pytest.raises(StopRequested):
        watching.run_to_end(_part(tmp_path, "migrate", STAYS))

    assert recorded(tmp_path / "processes.json") == []


def test_a_part_that_ignores_the_request_is_ended_by_force(watching: Supervisor, tmp_path: Path) -> None:
    watching.add(_part(tmp_path, "documents", STUBBORN), _part(tmp_path, "postgres", STAYS))
    (stubborn, kept) = recorded(tmp_path / "processes.json")

    watching.end({"documents"}, seconds=0.3)

    assert not stubborn.alive()
    assert kept.alive()
    assert recorded(tmp_path / "processes.json") == [kept]


def test_a_record_of_another_boot_names_nobody(tmp_path: Path) -> None:
    path = tmp_path / "processes.json"
    record(path, [Child("web", os.getpid(), started_at(os.getpid()))])
    assert len(recorded(path)) == 1

    path.write_text(path.read_text().replace('"machine": "', '"machine": "other '))

    assert recorded(path) == []


def test_a_number_that_became_another_programs_is_left_alone(tmp_path: Path) -> None:
    bystander = spawn([sys.executable, "-c", STAYS], env=os.environ, cwd=tmp_path, log=tmp_path / "log")

    end([Child("web", bystander.pid, "1")], seconds=0.0)

    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_the_guardian_keeps_the_folder_until_it_is_done(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "lock", "the folder")
    lock.acquire()
    guardian = Guardian(tmp_path, 0.0, lock.descriptor)
    guardian.watch()

    lock.release()  # as the launcher's death does
    assert not FolderLock(tmp_path / "lock", "the folder").try_acquire()

    guardian.dismiss()
    later = FolderLock(tmp_path / "lock", "the folder")
    later.acquire()
    later.release()


def test_a_log_is_cut_short_under_its_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LARGEST", 100)
    log = tmp_path / "web.log"
    with log.open("ab") as writer:
        writer.write(b"x" * 101)
        writer.flush()
        logs.keep_small(tmp_path)
        writer.write(b"on")

    assert log.read_bytes() == b"on"
    assert (tmp_path / "web.log.1").read_bytes() == b"x" * 101


def test_a_second_wish_to_stop_means_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.1, 12.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    wishes = StopSignals()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    wishes.install()
    try:
        states = []
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
            signal.raise_signal(number)
            states.append((wishes.requested, wishes.hurry))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert states == [(True, False), (True, False), (True, True)]
