"""A run as text, as a JSON document, and as files: CSV, .npy."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import InputError
from mcuzoo.files import write_output
from mcuzoo.link.counts import UNKNOWN_UNIT, agent_note, milliseconds
from mcuzoo.project.recipe import recipe_document
from mcuzoo.prose import wrapped
from mcuzoo.quoting import printable
from mcuzoo.report.figures import (
    accuracy_dict,
    accuracy_text,
    class_name,
    equality_text,
    flips_dict,
    flips_text,
    prediction_dict,
    recipe_lines,
    shown_lines,
    steps_text,
)
from mcuzoo.report.line import line_document, line_text, line_use_lines
from mcuzoo.report.run_boards import boards_documents, boards_text
from mcuzoo.run.latency import Latency
from mcuzoo.run.record import Row, RunMeta, Status
from mcuzoo.run.score import BesideCpu
from mcuzoo.run.summary import RunSummary, predictions_of
from mcuzoo.run.tally import Chooser, Shown

_SHOWN = 5
_NOT_MEASURED = "not measured"


def summary_text(summary: RunSummary, show: int | None = None, columns: int = 80) -> str:
    """The summary as aligned lines of at most `columns`, the verdict last; ends with a newline.

    show: so many predictions; None: all of a few, else the worst misses.
    """
    facts = [*shown_lines(_predictions(summary, show)), *_facts(summary)]
    findings = list(_findings(summary))
    width = max(len(name) for name, _ in (*facts, *findings))
    parts = [
        wrapped((f"{name:<{width}}  {printable(text)}" for name, text in part), columns)
        for part in (facts, findings)
    ]
    if summary.boards:
        parts.insert(1, f"\n{boards_text(summary.boards, columns)}\n")
    return "".join(parts)


def _predictions(summary: RunSummary, show: int | None) -> Shown:
    chooser = Chooser(show)
    for prediction in predictions_of(summary.meta, summary.rows):
        chooser.add(prediction)
    return chooser.shown(summary.meta.class_names)


def _facts(summary: RunSummary) -> Iterator[tuple[str, str]]:
    board = summary.meta.board
    counts = summary.counts
    rate = summary.images_per_second
    yield "model", summary.meta.model
    yield "board", f"{board.board}{agent_note(board.kind)}: {board.runtime}, {board.toolchain}"
    others = [f"{counts[s]} {s.value}" for s in Status if s is not Status.DONE and counts[s]]
    yield "images", ", ".join([f"{counts[Status.DONE]} of {len(summary.rows)} done", *others])
    meta = summary.meta
    yield from recipe_lines(
        meta.preprocessing,
        meta.recipe_source,
        meta.label_mapping,
        summary.turned,
        summary.clipped,
        columns=None,
    )
    if summary.meta.form.note is not None:
        yield "output", summary.meta.form.note
    yield "top-1", "no labels" if summary.top1 is None else accuracy_text(summary.top1)
    if summary.top5 is not None:
        yield "top-5", accuracy_text(summary.top5)
    yield "reference", _agreement(summary)
    yield from _of_delegates(summary)
    if summary.boards:
        yield "boards", _boards(summary)
    if summary.latency is not None or not summary.boards:
        yield "latency", _latency(summary.latency, counts[Status.DONE], board.kind)
    yield "throughput", _NOT_MEASURED if rate is None else f"{rate:.2f} images/s"
    if summary.meta.link is not None:
        yield from line_use_lines(summary.meta.link)
    if (stack := summary.meta.stack) is not None:
        yield "stack", f"{stack.used_bytes:,} of {stack.bytes:,} bytes used"
    if summary.resent:
        yield "resent", f"{summary.resent} times"
    if summary.meta.link is not None and not summary.meta.link.clean:
        yield "line", line_text(summary.meta.link)


def _of_delegates(summary: RunSummary) -> Iterator[tuple[str, str]]:
    """What outputs by another arithmetic are judged by."""
    if summary.meta.delegates:
        names = " and ".join(summary.meta.delegates)
        yield "delegate", f"{names}: another arithmetic, so unequal bytes are no failure"
        if summary.flips is not None:
            yield "flips", flips_text(summary.flips)
    cpu = summary.cpu
    if cpu is not None:
        whose = f"those of {summary.meta.cpu_engine or 'its kernels'}"
        yield "board's CPU", equality_text(cpu.agreement, whose)
        yield "", flips_text(cpu.flips, whose)
        if cpu.host_flips is not None:
            yield "", f"there, {flips_text(cpu.host_flips)}"
        if cpu.top1 is not None:
            yield "", f"there, top-1 {accuracy_text(cpu.top1)}"


def _boards(summary: RunSummary) -> str:
    boards = summary.boards
    retired = sum(board.record.retired is not None for board in boards)
    return f"{len(boards)}, {retired} of them retired" if retired else str(len(boards))


def _findings(summary: RunSummary) -> Iterator[tuple[str, str]]:
    yield from _some("failed", [_failure(row) for row in summary.rows if row.error is not None])
    yield from _some("unequal", unequal_lines(summary))
    yield from _some("flip", flip_lines(summary))
    verdict = summary.verdict
    yield from (("budget", one.text) for one in summary.budgets if one.holds)
    yield from (("warning", warning) for warning in verdict.warnings)
    yield from (("reason", reason) for reason in verdict.reasons)
    beyond = "" if verdict.budget is None else f", by {verdict.budget}"
    yield "verdict", f"{verdict.text}{beyond}"


def unequal_lines(summary: RunSummary) -> list[str]:
    """Each image whose output must be the host's and is not."""
    return [
        f"{row.file}: off by up to {steps_text(row.reference_difference)}"
        for row in summary.rows
        if row.reference_difference and not summary.meta.delegate_of(row.board)
    ]


def flip_lines(summary: RunSummary) -> list[str]:
    """Each image that a delegate answers otherwise than the host."""
    names = summary.meta.class_names
    return [
        f"{row.file}: {class_name(row.top1, names)}, the host: {class_name(row.host_top1, names)}"
        for row in summary.rows
        if row.top1 is not None and row.host_top1 is not None
        if row.top1 != row.host_top1 and summary.meta.delegate_of(row.board)
    ]


def _some(name: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    yield from ((name, line) for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield name, f"... and {len(lines) - _SHOWN} more: mcuzoo report RUN --csv FILE"


def _failure(row: Row) -> str:
    return f"{row.file}: {row.status.value}: {row.error}"


def _agreement(summary: RunSummary) -> str:
    agreement = summary.agreement
    if agreement is None:
        return "not compared"
    if not summary.meta.delegates:
        return f"{agreement.equal} of {agreement.compared} outputs byte-equal to the host's"
    return equality_text(agreement)


def _latency(latency: Latency | None, done: int, agent: str) -> str:
    if latency is None:
        return _NOT_MEASURED
    spread = f"{latency.median:,}"
    if latency.minimum != latency.maximum:
        spread = f"median {spread}, {latency.minimum:,} to {latency.maximum:,}"
    images = f"{latency.counted} of {done} images counted"
    if latency.unit == UNKNOWN_UNIT:
        return f"{spread} of an unknown unit ({images})"
    who = agent_note(agent).removeprefix(", ")
    kind = f"{who}; " if who else ""
    if latency.median_ms is None:
        return f"{spread} {latency.unit}, which are not time ({kind}{images})"
    if latency.unit == "cycles":
        clock = f"at {latency.core_clock_hz / 1e6:g} MHz"
        return f"{latency.median_ms:.2f} ms {clock} ({kind}{spread} {latency.unit}; {images})"
    ends = (milliseconds(end, latency.unit, 0) for end in (latency.minimum, latency.maximum))
    low, high = (f"{end:.2f}" for end in ends if end is not None)
    among = "" if low == high else f"median of {low} to {high} ms; "
    return f"{latency.median_ms:.2f} ms ({kind}{among}{images})"


def run_document(run: Path, summary: RunSummary) -> dict[str, object]:
    """The summary as the document that `--json` prints. What was not measured is null."""
    meta = summary.meta
    return {
        "run": str(run),
        "started": meta.started,
        "tool_version": meta.tool_version,
        "model": meta.model,
        "board": asdict(meta.board),
        "settings": asdict(meta.settings),
        "recipe": {**recipe_document(meta.preprocessing), "source": meta.recipe_source},
        "turned": summary.turned,
        "clipped": summary.clipped,
        "label_mapping": meta.label_mapping,
        "images": {
            "total": len(summary.rows),
            **{status.value: summary.counts[status] for status in Status},
        },
        "output": meta.form.note,
        "n": summary.counts[Status.DONE],
        "top1": None if summary.top1 is None else summary.top1.value,
        "top5": None if summary.top5 is None else summary.top5.value,
        "accuracy": {
            "top1": summary.top1 and accuracy_dict(summary.top1),
            "top5": summary.top5 and accuracy_dict(summary.top5),
        },
        "classes": [
            {"label": score.label, "name": score.name, "top1": accuracy_dict(score.top1)}
            for score in summary.classes
        ],
        "reference": None if summary.agreement is None else asdict(summary.agreement),
        "delegates": list(meta.delegates),
        "flips": flips_dict(summary.flips),
        "board_cpu": _cpu_dict(summary.cpu, meta.cpu_engine),
        "wrong_layer": None if meta.wrong_layer is None else asdict(meta.wrong_layer),
        "stack": None if meta.stack is None else asdict(meta.stack),
        "latency": _latency_dict(summary.latency),
        "images_per_second": summary.images_per_second,
        "resent": summary.resent,
        "line": line_document(meta.link, summary.resent),
        "predictions": [
            prediction_dict(one, meta.class_names)
            for one in predictions_of(summary.meta, summary.rows)
        ],
        "failed": [_failed(row) for row in summary.rows if row.error is not None],
        **({"boards": boards_documents(summary)} if summary.boards else {}),
        "verdict": {
            "passed": summary.verdict.passed,
            "judged": summary.verdict.judged,
            "broke": None if summary.verdict.broke is None else summary.verdict.broke.value,
            "exit_code": summary.verdict.exit_code,
            "reasons": summary.verdict.reasons,
            "warnings": summary.verdict.warnings,
            "budgets": [asdict(result) for result in summary.budgets],
        },
    }


def _cpu_dict(cpu: BesideCpu | None, engine: str | None) -> dict[str, object] | None:
    if cpu is None:
        return None
    return {
        "engine": engine,
        "reference": asdict(cpu.agreement),
        "flips": flips_dict(cpu.flips),
        "host_flips": flips_dict(cpu.host_flips),
        "accuracy": cpu.top1 and accuracy_dict(cpu.top1),
    }


def _latency_dict(latency: Latency | None) -> dict[str, object] | None:
    return None if latency is None else {**asdict(latency), "median_ms": latency.median_ms}


def _failed(row: Row) -> dict[str, object]:
    return {"index": row.index, "file": row.file, "status": row.status.value, "error": row.error}


CSV_COLUMNS = (
    "index", "file", "label", "top1", "score", "cycles", "input_crc32", "status", "label_name",
    "top1_name", "attempts", "reference_difference", "seconds", "sha256", "error",
)  # fmt: skip


_DELEGATE_COLUMNS = ("host_top1", "cpu_top1", "cpu_difference")


def csv_text(meta: RunMeta, rows: Sequence[Row]) -> str:
    """One line per image in data set order; a cell is empty where nothing is known.

    `score` is the top-1 class's output, dequantized; `input_crc32` is hexadecimal (0x…);
    `cycles` are instructions where the board was emulated. A run on a delegate has the columns
    `host_top1`, and of the board's own CPU `cpu_top1` and `cpu_difference`; one on several boards
    has a last column `board`.
    """
    text = io.StringIO()
    own = _DELEGATE_COLUMNS if meta.delegates else ()
    columns = (*CSV_COLUMNS, *own, *(("board",) if meta.boards else ()))
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(_cells(row, meta.class_names) for row in rows)
    return text.getvalue()


def outputs_array(rows: Sequence[Row]) -> NDArray[np.int8]:
    """The raw outputs, int8 [N, classes], of the rows that have one, in data set order.

    Raises InputError when no row has one.
    """
    outputs = [row.output for row in rows if row.output is not None]
    if not outputs:
        raise InputError("No image of this run has an output.", "mcuzoo run-serial --resume RUN")
    return np.stack(outputs)


def write_csv(path: Path, meta: RunMeta, rows: Sequence[Row]) -> None:
    """Write `csv_text` to `path`. Raises InputError when it cannot be written."""
    write_output(path, csv_text(meta, rows).encode("utf-8"))


def write_outputs(path: Path, rows: Sequence[Row], partial: bool) -> None:
    """Write `outputs_array` to `path`, in numpy's .npy format.

    Raises InputError when an image has no output, unless `partial`, which leaves its row out; and
    when `path` cannot be written.
    """
    missing = [row.file for row in rows if row.output is None]
    if missing and not partial:
        raise InputError(
            f"{len(missing)} of {len(rows)} images have no output, the first is {missing[0]}.",
            "--partial leaves their rows out; the CSV's status column says which are there.",
        )
    data = io.BytesIO()
    np.save(data, outputs_array(rows))
    write_output(path, data.getvalue())


def _cells(row: Row, names: Sequence[str] | None) -> dict[str, object]:
    columns = (*CSV_COLUMNS, *_DELEGATE_COLUMNS)
    known = {column: getattr(row, column) for column in columns if hasattr(row, column)}
    crc = None if row.input_crc32 is None else f"0x{row.input_crc32:08x}"
    return {
        **known,
        "status": row.status.value,
        "input_crc32": crc,
        "label_name": _name(row.label, names),
        "top1_name": _name(row.top1, names),
        "board": row.board,
    }


def _name(index: int | None, names: Sequence[str] | None) -> str | None:
    return None if index is None or names is None else names[index]
