"""A long run on a bad line: nothing lost, doubled or wrong, and memory that does not grow.

    python benchmarks/soak.py [--images N] [--frames SHARE] [--kill-every N] [--reset-every N]
        [--out DIR]

The project's own firmware runs as a process of this machine behind a pty whose line damages frames;
`mcuzoo run-serial` sends it the images. Every so many finished images the host is killed by SIGKILL
and started again with --resume, and the board's reset button is pressed. At the end every output is
compared with the host's reference, computed anew. Prints a log; DIR/soak.json has the figures.
Exit code 1: an image was lost, doubled or wrong, the run failed, or memory grew. POSIX only.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from helpers.fault_proxy import Line
from helpers.host_firmware import HostBoard
from helpers.host_project import HostProject, make_host_project

from mcuzoo.data.images import decode_image
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.faults.spec import Fault, FaultSpec
from mcuzoo.graph.read import load_model
from mcuzoo.project.manifest import load_manifest
from mcuzoo.run.journal import JOURNAL_NAME, read_run
from mcuzoo.run.record import Row, Status

SIDE = 24
# Of an image of SIDE x SIDE x 3 bytes, with its requests and answers: measured on a quiet line.
MEAN_FRAME_BYTES = 200
KINDS = ("flip", "drop", "noise", "duplicate", "truncate")
POLL_S = 0.25
# Resident memory of a session's last third over that of its first third, at most.
MOST_GROWTH = 1.05
# A session's memory is looked at after so many images.
WARM_IMAGES = 100
# Sessions with fewer samples say nothing about growth.
LEAST_SAMPLES = 30


@dataclass
class Session:
    """One process of the host, from start to end or SIGKILL. Samples: resident memory in KiB."""

    started_s: float
    killed: bool = False
    images: int = 0
    host_kib: list[int] = field(default_factory=list)
    board_kib: list[int] = field(default_factory=list)


@dataclass
class Soak:
    """What was seen. seconds: from the first session's start to the last one's end."""

    images: int
    faults: str
    seconds: float = 0.0
    kills: int = 0
    resets: int = 0
    board_restarts: int = 0
    struck: dict[str, int] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)
    line: dict[str, object] = field(default_factory=dict)
    done: int = 0
    sent_more_than_once: int = 0
    wrong: int = 0
    missing: int = 0
    exit_code: int | None = None
    host_growth: float | None = None
    board_growth: float | None = None

    @property
    def good(self) -> bool:
        grown = [one for one in (self.host_growth, self.board_growth) if one is not None]
        whole = self.done == self.images and not (self.wrong or self.missing)
        whole = whole and self.exit_code == 0
        return whole and all(one <= MOST_GROWTH for one in grown)


def main() -> int:
    parser = argparse.ArgumentParser(description="A long run on a bad line.")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--frames", type=float, default=0.01, help="share of damaged frames")
    parser.add_argument("--kill-every", type=int, default=2_000, metavar="IMAGES")
    parser.add_argument("--reset-every", type=int, default=700, metavar="IMAGES")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    folder = arguments.out or Path(tempfile.mkdtemp(prefix="mcuzoo-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        parser.error(f"{folder} is not empty")
    project = make_host_project(folder / "host", arguments.images, side=SIDE)
    rate = arguments.frames / MEAN_FRAME_BYTES / len(KINDS)
    spec = FaultSpec(tuple(Fault(kind, rate) for kind in KINDS), arguments.seed)
    soak = Soak(arguments.images, str(spec))
    say(f"{arguments.images:,} images of {SIDE}x{SIDE}x3; faults {spec}")
    run = folder / "run"
    board = HostBoard(project.firmware, folder)
    with Line(board, spec) as line:
        drive(soak, project, line, run, arguments)
        soak.board_restarts = board.restarts
        soak.struck = dict(line.struck)
    judge(soak, project, run)
    (folder / "soak.json").write_text(json.dumps(asdict(soak) | {"good": soak.good}, indent=1))
    report(soak)
    return 0 if soak.good else 1


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def drive(
    soak: Soak, project: HostProject, line: Line, run: Path, arguments: argparse.Namespace
) -> None:
    """Run to the end, over all kills."""
    began = time.monotonic()
    done, next_kill, next_reset = 0, arguments.kill_every, arguments.reset_every
    while True:
        session = Session(time.monotonic() - began)
        soak.sessions.append(session)
        process, said, talk = start(project, line, run)
        before = done
        while process.poll() is None:
            time.sleep(POLL_S)
            done = count_done(run)
            # Before, the host loads its modules; after, it writes its document of all images.
            if before + WARM_IMAGES <= done < soak.images:
                sample(session.host_kib, process.pid)
                sample(session.board_kib, line.board.process.pid)
            if done >= next_reset:
                next_reset = done + arguments.reset_every
                line.press_reset()
                soak.resets += 1
                say(f"{done:,} images; reset")
            if done >= next_kill:
                next_kill = done + arguments.kill_every
                process.send_signal(signal.SIGKILL)
                soak.kills += 1
                session.killed = True
                say(f"{done:,} images; host killed, {memory(session)}")
                break
        process.wait()
        done = count_done(run)
        session.images = done - before
        if session.killed:
            continue
        soak.seconds = time.monotonic() - began
        soak.exit_code = process.returncode
        if process.returncode != 0:
            say(f"run-serial ended with {process.returncode}: {talk.read_text()[-1000:]}")
        else:
            soak.line = json.loads(said.read_text())["line"]
            say(f"{done:,} images; the run has ended, {memory(session)}")
        return


def start(
    project: HostProject, line: Line, run: Path
) -> tuple[subprocess.Popen[bytes], Path, Path]:
    """The process, and the files of its stdout and stderr: a pipe that nobody reads gets full."""
    said, talk = (run.parent / f"run-serial.{name}" for name in ("json", "log"))
    command = [sys.executable, "-m", "mcuzoo", "run-serial", "--json"]
    if (run / JOURNAL_NAME).exists():
        command += ["--resume", str(run)]
    else:
        command += [
            "--port", line.url, "--project", str(project.folder), "--images", str(project.images),
            "--out", str(run),
        ]  # fmt: skip
    with said.open("wb") as out, talk.open("wb") as err:
        return subprocess.Popen(command, stdout=out, stderr=err), said, talk


def count_done(run: Path) -> int:
    """Finished images of a run that may be being written."""
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"file:{run / JOURNAL_NAME}?mode=ro", uri=True)) as database,
    ):
        found = database.execute("SELECT count(*) FROM images WHERE status = 'done'").fetchone()
        return int(found[0])
    return 0


def sample(samples: list[int], process: int) -> None:
    """Its resident memory in KiB; nothing where it has just ended."""
    with suppress(OSError, IndexError):
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        if pages:
            samples.append(pages * os.sysconf("SC_PAGE_SIZE") // 1024)


def memory(session: Session) -> str:
    host, board = (statistics.median(one or [0]) for one in (session.host_kib, session.board_kib))
    return f"host {host / 1024:.1f} MiB, board {board / 1024:.1f} MiB"


def growth(samples: Sequence[int]) -> float | None:
    """The median of the last third over that of the first."""
    if len(samples) < LEAST_SAMPLES:
        return None
    third = len(samples) // 3
    return statistics.median(samples[-third:]) / statistics.median(samples[:third])


def judge(soak: Soak, project: HostProject, run: Path) -> None:
    """Compare the journal with what must be in it."""
    rows = read_run(run)[1]
    soak.missing = len(set(range(soak.images)) - {row.index for row in rows})
    finished = [row for row in rows if row.status is Status.DONE]
    soak.done = len({row.index for row in finished})
    soak.sent_more_than_once = sum((row.attempts or 1) > 1 for row in finished)
    soak.wrong = len(finished) - soak.done + sum(map(int, wrong_outputs(project, finished)))
    longest = max(soak.sessions, key=lambda session: len(session.host_kib))
    soak.host_growth = growth(longest.host_kib)
    soak.board_growth = growth([kib for one in soak.sessions for kib in one.board_kib])


def wrong_outputs(project: HostProject, rows: Sequence[Row]) -> list[bool]:
    """Which outputs are not what the host computes, all the way from the files."""
    manifest = load_manifest(project.folder)
    engine = ReferenceEngine(load_model(project.folder / manifest.model.file))
    picture = PictureInput(manifest.preprocessing, manifest.input.shape)

    def is_wrong(row: Row) -> bool:
        data = (project.images.parent / row.file).read_bytes()
        expected = engine.run(picture.tensor(decode_image(data, "rgb", row.file)))
        return row.output is None or not np.array_equal(row.output, np.ravel(expected))

    return [is_wrong(row) for row in rows]


def report(soak: Soak) -> None:
    say(f"{soak.done:,} of {soak.images:,} images in {soak.seconds:.0f} s, {soak.wrong} wrong")
    say(f"faults {soak.struck}; {soak.kills} kills, {soak.resets} resets")
    say(f"images sent more than once: {soak.sent_more_than_once:,}")
    say(f"line {json.dumps(soak.line)}")
    for name, value in (("host", soak.host_growth), ("board", soak.board_growth)):
        say(f"memory of the {name}: " + ("too few samples" if value is None else f"x {value:.3f}"))
    say("good" if soak.good else "NOT GOOD")


if __name__ == "__main__":
    sys.exit(main())
