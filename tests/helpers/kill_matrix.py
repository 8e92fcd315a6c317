"""What happens in the middle of a run on several boards, what the run saw, and what was lost."""

from __future__ import annotations

import signal
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.boards_at_work import Boards, boards_at_work, hang, kill, reset
from helpers.commands import finished, mcuzoo, stopped_after
from helpers.host_firmware import HostBoard
from helpers.host_project import HostProject, make_host_project

from mcuzoo.errors import McuzooError
from mcuzoo.run.journal import read_run
from mcuzoo.run.options import RunOptions
from mcuzoo.run.record import Row, Status
from mcuzoo.run.run import run
from mcuzoo.run.summary import summarize

IMAGES = 60


@dataclass(frozen=True)
class Outcome:
    """lost: images without a result; doubled: with two rows; wrong: whose output is not that of a
    board alone, and named: whether the verdict says which board it was."""

    fault: str
    seen: str
    lost: int
    doubled: int
    wrong: int
    named: bool
    seconds: float


@dataclass(frozen=True)
class Rig:
    """What a case of the matrix works with."""

    project: HostProject
    spoiled: HostProject
    other: HostProject
    boards: Boards
    out: Path

    def run(self, **options: object) -> str:
        """Run, and what ended it, if it was an error."""
        values: dict[str, object] = {
            "port": self.boards.ports,
            "project": self.project.folder,
            "images": self.project.images,
            "out": self.out,
            **options,
        }
        if "resume" in options:
            values = options
        try:
            run(None, RunOptions(**values))  # type: ignore[arg-type]
        except McuzooError as error:
            return f"exit {error.exit_code}: {error.message} "
        return ""


def _none(rig: Rig) -> str:
    for _ in range(4):
        rig.boards.add(rig.project.firmware)
    return rig.run()


def _one(spoil: Callable[[HostBoard], None], again: bool = False) -> Callable[[Rig], str]:
    def case(rig: Rig) -> str:
        rig.boards.add(rig.project.firmware, spoil, 5.5, again)
        for _ in range(3):
            rig.boards.add(rig.project.firmware)
        return rig.run()

    return case


def _another(which: str) -> Callable[[Rig], str]:
    def case(rig: Rig) -> str:
        rig.boards.add(getattr(rig, which).firmware)
        for _ in range(3):
            rig.boards.add(rig.project.firmware)
        return rig.run()

    return case


def _port_returns(rig: Rig) -> str:
    link = rig.out.with_name("port")

    def unplug(board: HostBoard) -> None:
        link.unlink()
        board.kill()
        threading.Timer(1.0, lambda: link.symlink_to(rig.boards.ports[1])).start()

    rig.boards.add(rig.project.firmware, unplug, 5)
    rig.boards.add(rig.project.firmware)
    link.symlink_to(rig.boards.ports[0])
    path = rig.boards.rig()
    text = path.read_text().split("[boards.b1]")[0]
    path.write_text(text.replace(rig.boards.ports[0], str(link)))
    return rig.run(port=None, rig=path)


def _power(script: str) -> Callable[[Rig], str]:
    def case(rig: Rig) -> str:
        switched = rig.out.with_name("switched")
        line = rig.boards.add(rig.project.firmware, kill, 5)
        words = script.format(switched)
        path = rig.boards.rig(b0=f'{{ cycle = ["sh", "-c", "{words}"] }}')

        def switch() -> None:
            while line.board.alive or not switched.exists():
                time.sleep(0.05)
            line.press_reset()

        threading.Thread(target=switch, daemon=True).start()
        return rig.run(port=None, rig=path)

    return case


def _all_die(rig: Rig) -> str:
    for number in range(3):
        rig.boards.add(rig.project.firmware, kill, 3 + 2 * number)
    said = rig.run()
    rig.boards.add(rig.project.firmware)
    return f"{said}--resume: {rig.run(resume=rig.out, port=rig.boards.ports[3:])}"


def _host_killed(rig: Rig) -> str:
    for _ in range(3):
        line = rig.boards.add(rig.project.firmware)
        line.stop_after(12 * 48 * 48 * 3 * 5 // 4)
    ports = [word for port in rig.boards.ports for word in ("--port", port)]
    words = mcuzoo(
        "run-serial", *ports, "--project", rig.project.folder, "--images", rig.project.images,
        "--out", rig.out,
    )  # fmt: skip
    stopped_after(words, rig.out, 15, signal.SIGKILL)
    kept = sum(row.status is Status.DONE for row in read_run(rig.out)[1])
    for line in rig.boards.lines.values():
        line.stop_after(None)
    done = finished(mcuzoo("run-serial", "--resume", rig.out, "--port", rig.boards.ports[1]))
    return f"{kept} images kept; --resume with one of three boards: exit {done.returncode} "


CASES: dict[str, Callable[[Rig], str]] = {
    "none, 4 boards": _none,
    "1 of 4 boards loses power": _one(kill),
    "1 of 4 boards hangs (SIGSTOP)": _one(hang),
    "1 of 4 boards resets every 5 images": _one(reset, again=True),
    "1 of 4 boards computes wrong bytes": _another("spoiled"),
    "1 of 4 boards has another build": _another("other"),
    "the only board's port is away for 1 s": _port_returns,
    "the only board dies, its power switch works": _power("touch {}"),
    "the only board dies, its power switch fails": _power("exit 3 # {}"),
    "3 of 3 boards die, another goes on": _all_die,
    "kill -9 of the host, 1 of 3 boards goes on": _host_killed,
}
NEVER_WHOLE = ("the only board dies, its power switch fails",)
"""What cannot be finished: a resume needs a board."""


def matrix(folder: Path) -> Iterator[Outcome]:
    project = make_host_project(folder / "p", IMAGES)
    spoiled = make_host_project(folder / "s", 1, spoiled=True)
    other = make_host_project(folder / "o", 1, seed=5)
    expected: list[bytes] = []
    for number, (fault, case) in enumerate(CASES.items()):
        own = folder / str(number)
        own.mkdir()
        with boards_at_work(own) as boards:
            rig = Rig(project, spoiled, other, boards, own / "run")
            begun = time.monotonic()
            said = case(rig)
            seconds = time.monotonic() - begun
        _, rows = read_run(rig.out)
        expected = expected or [_output(row) for row in rows]
        yield _outcome(fault, said, rows, expected, seconds, rig.out)


def _output(row: Row) -> bytes:
    return b"" if row.output is None else row.output.tobytes()


def _outcome(
    fault: str, said: str, rows: tuple[Row, ...], expected: list[bytes], seconds: float, out: Path
) -> Outcome:
    summary = summarize(*read_run(out))
    verdict = summary.verdict
    resets = sum(board.record.link.reconnects for board in summary.boards if board.record.link)
    recovered = sum(board.record.recoveries for board in summary.boards)
    seen = [said.strip(), *verdict.reasons, *verdict.warnings]
    seen = [part.strip().rstrip(".") for part in seen]
    if resets:
        seen.append(f"{resets} reconnects")
    if recovered:
        seen.append(f"{recovered} brought back by its power switch")
    seen.append(f"{summary.resent} images sent again" if summary.resent else "")
    done = [row for row in rows if row.status is Status.DONE]
    wrong = [row for row in done if _output(row) != expected[row.index]]
    names = {row.board for row in wrong}
    return Outcome(
        fault=fault,
        seen="; ".join(part for part in seen if part) or "nothing",
        lost=IMAGES - len({row.index for row in done}),
        doubled=len(rows) - len({row.index for row in rows}),
        wrong=len(wrong),
        named=all(any(f"{name}: " in reason for reason in verdict.reasons) for name in names),
        seconds=seconds,
    )


def kill_matrix() -> int:
    """Print the matrix; 1 if anything is lost, doubled, or wrong without its board's name."""
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'fault':46}{'lost':>6}{'doubled':>9}{'wrong':>7}{'s':>7}")
        for one in matrix(Path(folder)):
            wrong = f"{one.wrong}{'' if one.named else '!'}"
            print(f"{one.fault:46}{one.lost:>6}{one.doubled:>9}{wrong:>7}{one.seconds:>7.1f}")
            print(
                textwrap.fill(
                    textwrap.shorten(one.seen, 460),
                    76,
                    initial_indent="    ",
                    subsequent_indent="    ",
                )
            )
            sys.stdout.flush()
            whole = one.lost == 0 or one.fault in NEVER_WHOLE
            bad += not whole or one.doubled > 0 or not one.named
    return 1 if bad else 0
