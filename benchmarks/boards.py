"""Several boards on one host: throughput with 1, 2, 4 and 8 of them, and what bounds it.

Each board is the firmware as a process of this machine, behind a pty whose line takes the time of
a UART: 10 bits a byte, both ways. Inputs are sent as they are, so that the pictures do not matter.
The run compares every output with the host's, as ever. Prints a table, writes results/boards.json,
and exits 1 if a run is not what it should be: an image is missing or wrong, or N boards are slower
than 0.95 N of one although the cores were not busy.

    .venv/bin/python benchmarks/boards.py [--baud 115200] [--images 40] [--boards 1,2,4,8]

With --kill it prints the kill matrix instead: what happens to one of four boards, or to the host,
in the middle of a run, what was seen, and what was lost.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import resource
import sys
import tempfile
import threading
import time
import tty
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from helpers.host_firmware import HostBoard  # noqa: E402
from helpers.host_project import HostProject, make_host_project  # noqa: E402

from mcuzoo.board.lpuart import BITS_PER_BYTE  # noqa: E402
from mcuzoo.data.dataset import load_data_set  # noqa: E402
from mcuzoo.data.labels import Classes  # noqa: E402
from mcuzoo.data.preprocess import input_of  # noqa: E402
from mcuzoo.project.manifest import load_manifest  # noqa: E402
from mcuzoo.run.feed import prepare  # noqa: E402
from mcuzoo.run.options import RunOptions  # noqa: E402
from mcuzoo.run.project import reference_engine  # noqa: E402
from mcuzoo.run.record import Status  # noqa: E402
from mcuzoo.run.run import run  # noqa: E402

RESULTS = Path(__file__).resolve().parent / "results" / "boards.json"
SLICE_BYTES = 128
LEAST_SHARE = 0.95
BUSY = 0.85
"""Of the cores: from here on they bound the run."""


class PacedLine:
    """A pty whose bytes take the time of a UART, in each direction."""

    def __init__(self, board: HostBoard, baud: int) -> None:
        self._board = board
        self._s_per_byte = BITS_PER_BYTE / baud
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.url = os.ttyname(self._slave)
        for pump in (self._up, self._down):
            threading.Thread(target=pump, daemon=True).start()

    def _up(self) -> None:
        self._pump(self._master, self._board.write)

    def _down(self) -> None:
        self._pump(self._board.output_fd, lambda data: os.write(self._master, data))

    def _pump(self, source: int, pass_on: Any) -> None:
        free = time.monotonic()
        with suppress(OSError):
            while data := os.read(source, SLICE_BYTES):
                free = max(free, time.monotonic()) + len(data) * self._s_per_byte
                time.sleep(max(0.0, free - time.monotonic()))
                pass_on(data)

    def __enter__(self) -> PacedLine:
        return self

    def __exit__(self, *_: object) -> None:
        self._board.close()


@dataclass(frozen=True)
class Trial:
    """One run. share: of `boards` times the rate of one board. cores: how many were busy."""

    boards: int
    images: int
    seconds: float
    images_per_second: float
    share: float
    cores: float
    right: bool
    by_board: tuple[int, ...]


def trial(project: HostProject, count: int, images: int, baud: int, alone: float | None) -> Trial:
    """`count` boards and `images` images."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = []
        for number in range(count):
            (folder / str(number)).mkdir()
            board = HostBoard(project.firmware, folder / str(number))
            ports.append(stack.enter_context(PacedLine(board, baud)).url)
        options = RunOptions(
            port=tuple(ports),
            project=project.folder,
            images=project.images,
            limit=images,
            baud=baud,
            no_compress=True,
            out=folder / "run",
        )
        cpu, begun = _cpu_s(), time.monotonic()
        found = run(None, options)
        seconds = time.monotonic() - begun
        cores = (_cpu_s() - cpu) / seconds
        by_board = tuple(board.images for board in found.summary.boards) or (images,)
        rate = found.summary.images_per_second or 0.0
        right = found.passed is True and found.summary.counts[Status.DONE] == images
    share = 1.0 if alone is None else rate / (count * alone)
    return Trial(count, images, seconds, rate, share, cores, right, by_board)


def _cpu_s() -> float:
    """Of this process: preparing images, the host's reference, the link, the journal, the pumps."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def feed_rate(project: HostProject, threads: int) -> float:
    """Images per second that `threads` threads prepare, the host's reference included."""
    from concurrent.futures import ThreadPoolExecutor

    manifest = load_manifest(project.folder)
    engine = reference_engine(project.folder, manifest)
    items = load_data_set(project.images, Classes(7, None), 200).items
    begun = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda item: prepare(item, input_of(manifest), engine), items))
    return len(items) / (time.monotonic() - begun)


def show(trials: list[Trial]) -> None:
    head = ("boards", "images", "images/s", "of N x one", "busy cores", "images by board")
    print("".join(f"{name:>12}" for name in head[:5]) + f"   {head[5]}")
    for one in trials:
        by_board = ", ".join(map(str, one.by_board))
        print(f"{one.boards:>12}{one.images:>12}{one.images_per_second:>12.2f}{one.share:>12.3f}"
              f"{one.cores:>12.2f}   {by_board}{'' if one.right else '   WRONG'}")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--baud", type=int, default=115200)
    parser.add_argument("--images", type=int, default=40, help="by each board")
    parser.add_argument("--boards", default="1,2,4,8")
    parser.add_argument("--kill", action="store_true", help="the kill matrix")
    chosen = parser.parse_args()
    if chosen.kill:
        from helpers.kill_matrix import kill_matrix

        return kill_matrix()
    counts = [int(word) for word in chosen.boards.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        project = make_host_project(Path(folder) / "p", max(counts) * chosen.images)
        trials: list[Trial] = []
        for count in counts:
            alone = trials[0].images_per_second / trials[0].boards if trials else None
            trials.append(trial(project, count, count * chosen.images, chosen.baud, alone))
            show(trials[-1:])
        print()
        show(trials)
        feeds = {threads: feed_rate(project, threads) for threads in (1, 2, 4)}
    cores = os.cpu_count() or 1
    print(f"\n{cores} cores. Prepared with the host's outputs, by 1, 2, 4 threads: "
          + ", ".join(f"{rate:.0f}" for rate in feeds.values()) + " images/s.")  # fmt: skip
    RESULTS.parent.mkdir(exist_ok=True)
    document = {
        "baud": chosen.baud,
        "input_bytes": 48 * 48 * 3,
        "cores": cores,
        "trials": [asdict(one) for one in trials],
        "feed_images_per_second": feeds,
    }
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")
    late = [one for one in trials if one.share < LEAST_SHARE and one.cores < BUSY * cores]
    return 1 if late or not all(one.right for one in trials) else 0


if __name__ == "__main__":
    sys.exit(main())
