"""Images per second through a labgrid farm on this machine, beside the same boards without one.

    .venv-farm/bin/python benchmarks/farm.py [--images N] [--boards 1 2 4]

Boards are the firmware of a small network as processes behind ptys; coordinator, exporter and
ser2net run here, too. So the figures are of this machine's cores, not of any board or wire: they
say what the farm's way costs. `make farm` sets the environment up.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from helpers.commands import mcuzoo
from helpers.fault_proxy import Line
from helpers.host_firmware import HostBoard
from helpers.host_project import HostProject, make_host_project
from helpers.labgrid_cluster import Cluster, PlaceSpec, serial_place
from helpers.ser2net_raw import RawSer2net

from mcuzoo.run.journal import read_run


def rate(project: HostProject, run: Path, *words: object) -> float:
    """Images per second of one run."""
    done = subprocess.run(
        mcuzoo(
            "run-serial", "--project", project.folder, "--images", project.images, "--out", run,
            *words,
        ),
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        sys.exit(done.stderr)
    meta, rows = read_run(run)
    if meta.elapsed_s:
        return len(rows) / meta.elapsed_s
    return len(rows) / sum(row.seconds or 0.0 for row in rows)


def measure(project: HostProject, folder: Path, count: int) -> dict[str, float]:
    """Rates of `count` boards by the way to them."""
    with ExitStack() as stack:
        lines = []
        for at in range(count):
            (folder / f"board{at}").mkdir(parents=True)
            board = HostBoard(project.firmware, folder / f"board{at}")
            lines.append(stack.enter_context(Line(board)))
        ports = [word for line in lines for word in ("--port", line.url)]
        found = {"pty": rate(project, folder / "direct", *ports)}
        by_rfc2217 = [serial_place(f"b{at}", line.url) for at, line in enumerate(lines)]
        found["rfc2217"] = _by_farm(project, folder / "rfc2217", by_rfc2217)
        raw = [stack.enter_context(RawSer2net(line.url)) for line in lines]
        by_raw = [PlaceSpec(f"b{at}", one.resources) for at, one in enumerate(raw)]
        found["raw"] = _by_farm(project, folder / "raw", by_raw)
        return found


def _by_farm(project: HostProject, folder: Path, places: list[PlaceSpec]) -> float:
    with Cluster(folder, places) as cluster:
        words = ("--labgrid", cluster.address, "--boards", len(places))
        return rate(project, folder / "run", *words)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--boards", type=int, nargs="+", default=[1, 2, 4])
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        project = make_host_project(folder / "project", asked.images)
        print("| boards | pty, no farm | ser2net raw | ser2net RFC 2217 |")
        print("|---:|---:|---:|---:|")
        for count in asked.boards:
            found = measure(project, folder / str(count), count)
            cells = " | ".join(f"{found[way]:.1f}" for way in ("pty", "raw", "rfc2217"))
            print(f"| {count} | {cells} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
