"""The cycle model beside what others measured on Cortex-M7 silicon: silicon.toml, point by point.

    python benchmarks/validate.py                              # the loops that are written there
    python benchmarks/validate.py --copies DIR --tflm TREE --models DIR [--only WORD] [--json FILE]

DIR of --copies has clones of what the points name, in folders of those names; the script says
which are missing, and how to get them. Code of others is compiled from there and never kept. A
model is built as a firmware with TFLite-Micro out of TREE. Prints the predicted and the measured
cycles of each point, their ratio, and the spread by kind. What cannot be computed here has a reason
instead.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from function_cycles import BOARD, Call, Layout, chip_like, compiled, modelled_cycles
from measure import SEED, modelled
from networks import mobilenet_v2
from pages import write_table

from mcuzoo.board.load import load_board
from mcuzoo.board.model import Board
from mcuzoo.codegen.options import ALONE
from mcuzoo.codegen.project import export_project
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import McuzooError, UsageError
from mcuzoo.graph.read import load_model
from mcuzoo.project.manifest import load_manifest
from mcuzoo.run.project import project_model
from mcuzoo.tables import Column, table_text
from mcuzoo.timing import meter
from mcuzoo.timing.cycles import Cycles
from mcuzoo.timing.decode import Decoder
from mcuzoo.timing.pipeline import loop_cycles
from mcuzoo.timing.rules import cortex_m7
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.toolchain.sizes import read_sections
from mcuzoo.zoo.registry import resolve_model

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
POINTS = HERE / "silicon.toml"

KINDS = {
    "rule": "loops out of the rules' own source",
    "core": "loops and functions that memory does not bound",
    "whole": "programs and networks",
}


@dataclass(frozen=True)
class Found:
    """A point: predicted cycles, or the reason why there are none. spent: what they are for."""

    point: Mapping[str, Any]
    predicted: float | None = None
    spent: Cycles | None = None
    reason: str = ""

    @property
    def ratio(self) -> float | None:
        return None if self.predicted is None else self.predicted / self.point["measured"]

    @property
    def kind(self) -> str:
        if self.point["kind"] in ("program", "model"):
            return "whole"
        return "rule" if self.point.get("rules") else "core"

    def document(self) -> dict[str, Any]:
        spent = self.spent
        return {
            **{key: self.point.get(key) for key in ("id", "from", "measured", "unit")},
            **{key: self.point.get(key) for key in ("known", "unknown", "chip")},
            "kind": self.kind,
            "predicted": self.predicted,
            "ratio": self.ratio,
            "reason": self.reason or None,
            "spent": None
            if spent is None
            else {
                "issue": spent.issue,
                "branches": spent.branches,
                "code": spent.code,
                "data": spent.data,
            },
        }


class Validation:
    """Computes points. Raises UsageError for what the user's folders lack."""

    def __init__(self, table: Mapping[str, Any], options: argparse.Namespace) -> None:
        self._table = table
        self._options = options

    def found(self, point: Mapping[str, Any]) -> Found:
        ways: dict[str, Callable[[Mapping[str, Any]], Cycles | float]] = {
            "loop": self._loop, "function": self._function, "speedup": self._speedup,
            "program": self._program, "model": self._model,
        }  # fmt: skip
        try:
            spent = ways[point["kind"]](point)
        except McuzooError as error:
            return Found(point, reason=error.message)
        if isinstance(spent, float):
            return Found(point, spent)
        return Found(point, spent.total, spent)

    def _loop(self, point: Mapping[str, Any]) -> float:
        rules = cortex_m7()
        return loop_cycles(rules, Decoder(rules).decode(assembled(point["assembly"]), 0))

    def _function(self, point: Mapping[str, Any], prefix: str = "") -> Cycles:
        layout = Layout()
        sources = self._sources(point, point[f"{prefix}sources"])
        calls = [*point.get("setup", []), point[f"{prefix}call"]]
        with tempfile.TemporaryDirectory() as folder:
            names = [call["function"] for call in calls]
            elf = compiled(sources, Path(folder), layout, names)
            return modelled_cycles(elf, called(calls, layout), layout, load_board(BOARD))

    def _speedup(self, point: Mapping[str, Any]) -> float:
        return self._function(point).total / self._function(point, "other_").total

    def _program(self, point: Mapping[str, Any]) -> Cycles:
        layout = Layout(*point["layout"])
        copy = self._copy(point)
        sources = [HERE / "drivers" / point["driver"], *self._sources(point, point["sources"])]
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            for header in sorted(copy.glob(point["headers"])) if "headers" in point else ():
                text = header.read_text(errors="replace")
                (folder / header.name).write_text(configured(text, point["macros"]))
            flags = [flag.format(copy=copy, folder=folder) for flag in point["flags"]]
            elf = compiled(sources, folder, layout, ("bench_setup", "bench_run"), flags)
            calls = [Call("bench_setup"), Call("bench_run")]
            return modelled_cycles(elf, calls, layout, self._chip(point), point["rounds"])

    def _model(self, point: Mapping[str, Any]) -> Cycles:
        tree = self._options.tflm
        if tree is None:
            raise UsageError("needs --tflm, the tree of TFLite-Micro", "Name it.")
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            file = self._file(point, folder)
            source = resolve_model(str(file))
            project = folder / "project"
            how = replace(
                ALONE, runtime="tflm", tflm=tree.resolve(), kernels="cmsis-nn", plan="greedy",
                weights="flash", arena_region="ocram",
            )  # fmt: skip
            export_project(source, load_board(BOARD), project, how)
            build_project(project, BuildOptions("gcc", "-O2"))
            return inference_cycles(project, self._chip(point))

    def _file(self, point: Mapping[str, Any], folder: Path) -> Path:
        network = point.get("network")
        if network is not None:
            file = folder / "network.tflite"
            file.write_bytes(mobilenet_v2(**network))
            return file
        for place in self._options.models:
            for file in sorted(place.rglob(str(point["file"]))):
                if load_model(file).sha256 == point["sha256"]:
                    return Path(file)
        raise UsageError(f"needs --models, a folder with {point['file']}", "Name it.")

    def _chip(self, point: Mapping[str, Any]) -> Board:
        return chip_like(self._table["chips"][point["chip"]])

    def _copy(self, point: Mapping[str, Any]) -> Path:
        name = point["copy"]
        copies = self._options.copies
        if copies is None or not (copies / name).is_dir():
            known = self._table["copies"][name]
            raise UsageError(
                f"needs --copies DIR with DIR/{name}: git clone {known['url']} {name}"
                f" && git -C {name} checkout {known['commit']}",
                "Clone it.",
            )
        found: Path = copies.resolve() / name
        return found

    def _sources(self, point: Mapping[str, Any], patterns: Sequence[str]) -> list[Path]:
        copy = self._copy(point)
        found = [file for pattern in patterns for file in sorted(copy.glob(pattern))]
        if not found:
            raise UsageError(f"{copy} has no {', '.join(patterns)}", "Check the commit.")
        return found


def assembled(text: str) -> bytes:
    """The code of instructions that are separated by semicolons. Raises UsageError."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        lines = "\n".join(line.strip() for line in text.split(";"))
        (folder / "loop.s").write_text(f".syntax unified\n.thumb\n{lines}\n")
        command = ["arm-none-eabi-as", "-mcpu=cortex-m7", "loop.s", "-o", "loop.o"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        except OSError as error:
            raise UsageError(f"{command[0]}: {error}", "Install it.") from error
        if done.returncode:
            raise UsageError(f"{lines}: {done.stderr.strip()}", "Mend it.")
        return b"".join(bytes(one.content) for one in read_sections(folder / "loop.o"))


def called(calls: Sequence[Mapping[str, Any]], layout: Layout) -> list[Call]:
    """Arguments "a" to "d" are buffers of 4 KB, filled with noise before the first call."""
    buffers = {name: layout.scratch + 0x1000 * index for index, name in enumerate("abcd")}
    noise = np.random.default_rng(SEED).bytes(0x4000)
    return [
        Call(
            call["function"],
            [buffers.get(value, value) for value in call["arguments"]],
            {layout.scratch: noise} if index == 0 else {},
        )
        for index, call in enumerate(calls)
    ]


def configured(header: str, macros: Mapping[str, str]) -> str:
    """`header` with other values of its macros."""
    for name, value in macros.items():
        header = re.sub(rf"^#define {name}\b.*$", f"#define {name} {value}", header, flags=re.M)
    return header


@contextmanager
def metered_as(board: Board) -> Iterator[None]:
    """Emulated cores count as `board` would, whatever they are."""
    own = meter.CycleMeter
    meter.CycleMeter = lambda _board, read_code: own(board, read_code)  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        meter.CycleMeter = own  # type: ignore[misc]


def inference_cycles(project: Path, board: Board) -> Cycles:
    """Of an inference of a built project, on the memories of `board`. Raises McuzooError."""
    manifest = load_manifest(project)
    model = project_model(project, manifest)
    tensor = np.random.default_rng(SEED).integers(-128, 128, manifest.input.shape, dtype=np.int8)
    with metered_as(board):
        return modelled(project, model, tensor, ReferenceEngine(model)).spent


def main() -> int:
    options = parse()
    table = tomllib.loads(POINTS.read_text(encoding="utf-8"))
    validation = Validation(table, options)
    found = []
    for point in table["points"]:
        if options.only is None or options.only.lower() in point["id"].lower():
            print(point["id"], file=sys.stderr, flush=True)
            found.append(validation.found(point))
    if options.json is not None:
        options.json.write_text(json.dumps(document(found), indent=1) + "\n")
    if options.markdown is not None:
        write_table(options.markdown, "validate", markdown(found, table["sources"]))
    print_table(found)
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--copies", type=Path, help="clones of what the points name")
    parser.add_argument("--tflm", type=Path, help="the tree of TFLite-Micro")
    parser.add_argument("--models", type=Path, action="append", default=[], help="folders")
    parser.add_argument("--only", help="points with this in their name")
    parser.add_argument("--json", type=Path, help="keep the figures there")
    parser.add_argument("--markdown", type=Path, help="put the table into this page")
    return parser.parse_args()


def spread(found: Sequence[Found], kind: str) -> dict[str, Any] | None:
    """How far the predictions of a kind are off; None without any."""
    ratios = [one.ratio for one in found if one.kind == kind and one.ratio is not None]
    if not ratios:
        return None
    logs = [math.log(ratio) for ratio in ratios]
    return {
        "what": KINDS[kind],
        "points": len(ratios),
        "least": min(ratios),
        "mean": math.exp(sum(logs) / len(logs)),
        "most": max(ratios),
        "furthest_percent": max(abs(ratio - 1) for ratio in ratios) * 100,
    }


def document(found: Sequence[Found]) -> dict[str, Any]:
    return {
        "what": "predicted by the cycle model, measured by others on silicon",
        "points": [one.document() for one in found],
        "spread": {kind: spread(found, kind) for kind in KINDS},
    }


def print_table(found: Sequence[Found]) -> None:
    columns = (
        Column("point"), Column("from"), Column("measured", right=True),
        Column("predicted", right=True), Column("ratio", right=True), Column("", rank=9),
    )  # fmt: skip
    rows = [
        (
            one.point["id"],
            one.point["from"],
            number(one.point["measured"]),
            "-" if one.predicted is None else number(one.predicted),
            "-" if one.ratio is None else f"{one.ratio:.3f}",
            one.reason,
        )
        for one in found
    ]
    sys.stdout.write(table_text(columns, rows, 100))
    print("\n".join(spread_lines(found)))


def markdown(found: Sequence[Found], sources: Mapping[str, Any]) -> str:
    """The table of docs/cycles.md, and where its points are from."""
    lines = [
        "| point | from | measured | predicted | ratio | what is not known |",
        "|---|---|---:|---:|---:|---|",
    ]
    for one in found:
        point = one.point
        lines.append(
            f"| {point['id']} | {point['from']} | {number(point['measured'])} | "
            f"{'-' if one.predicted is None else number(one.predicted)} | "
            f"{'-' if one.ratio is None else f'{one.ratio:.2f}'} | "
            f"{point.get('unknown', '')} |"
        )
    told = [f"- {line}" for line in spread_lines(found)]
    used = dict.fromkeys(one.point["from"] for one in found)
    origins = [f"- *{name}*: {sources[name]['what']}" for name in used]
    return "\n".join([*lines, "", *told, "", "From:", "", *origins]) + "\n"


def spread_lines(found: Sequence[Found]) -> list[str]:
    lines = []
    for kind in KINDS:
        of_kind = spread(found, kind)
        if of_kind is not None:
            lines.append(
                f"{KINDS[kind]}: {of_kind['points']} points, predicted / measured "
                f"{of_kind['least']:.3f} to {of_kind['most']:.3f}, mean {of_kind['mean']:.3f}; "
                f"the furthest is {of_kind['furthest_percent']:.0f} % off"
            )
    return lines


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


if __name__ == "__main__":
    sys.exit(main())
