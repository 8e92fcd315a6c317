"""A try of a model: what each step leaves in its folder, and the whole as text and for JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.codegen.export import Project
from mcuzoo.errors import command
from mcuzoo.files import write_whole
from mcuzoo.link.transport import SOME_PORT
from mcuzoo.ops.inspect import Inspection
from mcuzoo.plan.fit import FitReport
from mcuzoo.plan.linux import LinuxFit
from mcuzoo.profile import ModelProfile
from mcuzoo.project.manifest import BuildEntry, Manifest, load_project
from mcuzoo.prose import wrapped
from mcuzoo.report import schemas
from mcuzoo.report.arena import arena_text
from mcuzoo.report.estimate import counted_document, counted_text, time_text
from mcuzoo.report.figures import clipped, recipe_lines, score_text
from mcuzoo.report.fit import fit_document, fit_text
from mcuzoo.report.fit_linux import linux_fit_document, linux_fit_text
from mcuzoo.report.html.at_hand import at_hand
from mcuzoo.report.html.fit import fit_html
from mcuzoo.report.html.run import RunPage, run_html
from mcuzoo.report.inspection import inspection_text
from mcuzoo.report.profile import (
    profile_document,
    profile_findings,
    profile_head,
    profile_table,
)
from mcuzoo.report.project import build_text, export_document, export_text
from mcuzoo.report.run import csv_text, run_document, summary_text
from mcuzoo.run.journal import read_run
from mcuzoo.run.record import Row, Status
from mcuzoo.run.run import FinishedRun
from mcuzoo.run.verdict import Broke
from mcuzoo.tables import Column, table_text
from mcuzoo.tryout.tryout import MARK, PROJECT, StepResult, Tried

_WIDTH = 80
_NAME_COLUMNS, _FILE_COLUMNS = 28, 30


def keep_step(folder: Path, made: StepResult) -> None:
    """Write what a step made to `folder`: STEP.txt, STEP.json and, of fit and run, a page or CSV.

    Raises OSError for a file that cannot be written.
    """
    for name, text in _files(folder, made):
        write_whole(folder / name, text.encode())


def _files(folder: Path, made: StepResult) -> Iterator[tuple[str, str]]:
    if isinstance(made, Inspection):
        yield "inspect.txt", inspection_text(made, _WIDTH)
        yield "inspect.json", _json("inspect", made.as_dict())
    elif isinstance(made, FitReport):
        yield "fit.txt", fit_text(made, _WIDTH)
        yield "fit.json", _json("fit", fit_document(made))
        yield "fit.html", fit_html(made, made.other, made.project)
    elif isinstance(made, LinuxFit):
        yield "fit.txt", linux_fit_text(made, _WIDTH)
        yield "fit.json", _json("fit-linux", linux_fit_document(made))
    elif isinstance(made, FinishedRun):
        yield "run.txt", summary_text(made.summary)
        yield "run.json", _json("run", run_document(made.folder, made.summary))
        yield "run.csv", csv_text(*read_run(made.folder))
        page = RunPage(made.folder, made.summary, at_hand(made.summary.meta))
        yield "run.html", run_html(page)
    elif isinstance(made, ModelProfile):
        table = profile_table(made, _WIDTH)
        yield "profile.txt", f"{profile_head(made)}\n{table}{profile_findings(made)}"
        yield "profile.json", _json("profile", profile_document(made))
    elif isinstance(made, BuildEntry):
        project = folder / PROJECT
        yield "build.txt", build_text(project, load_project(project), made, _WIDTH)
        yield "build.json", _json("build", asdict(made))
    else:
        yield from _export_files(made)


def _export_files(made: Project) -> Iterator[tuple[str, str]]:
    if isinstance(made.manifest, Manifest):
        yield "export.txt", export_text(made.folder, made.board, made.manifest)
    yield "export.json", _json("export", export_document(made.manifest))


def _json(name: str, document: Mapping[str, object]) -> str:
    return json.dumps(schemas.labelled(name, document), indent=2) + "\n"


def try_text(tried: Tried, width: int) -> str:
    """A line per picture, the memory that is left, the verdict, and what to type next."""
    return "\n".join(_lines(tried, width)) + "\n"


def _lines(tried: Tried, width: int) -> Iterator[str]:
    inspection, fit = tried.inspection, tried.fit
    yield (
        f"{tried.name}: {inspection.bytes:,} bytes, {inspection.macs:,} MACs, "
        f"runtime {_runtime(tried)}, {tried.board.name} (emulated)"
    )
    if isinstance(fit, FitReport) and (tried.run is None or tried.build is None):
        yield from _unfit(fit)
    elif tried.run is not None and tried.build is not None:
        yield from _answers(tried, tried.run, width)
        yield from _memories(fit, tried.build, width)
        yield from (wrapped([line], width).rstrip("\n") for line in _time(tried))
        yield from _judged(tried.run)
    yield f"all of it is in {tried.folder}"
    yield from (f"next: {line}" for line in next_steps(tried))


def _runtime(tried: Tried) -> str:
    return tried.fit.runtime if isinstance(tried.fit, FitReport) else "aot"


def _memories(fit: FitReport | LinuxFit, build: BuildEntry, width: int) -> Iterator[str]:
    if isinstance(fit, FitReport):
        yield f"arena {arena_text(fit.placement)}"
        yield _memory(build, width).rstrip("\n")
        return
    yield f"arena {fit.agent.arena_bytes or 0:,} bytes; code {build.code_bytes:,} bytes"
    if fit.compiled is not None:
        there, all_ops = len(fit.compiled.on_npu), len(fit.compiled.operators)
        yield f"NPU: {there} of {all_ops} operators by Vela {fit.compiled.version}, not emulated"


def _time(tried: Tried) -> Iterator[str]:
    """Of an inference on a microcontroller, by estimate."""
    cycles = tried.fit.cycles if isinstance(tried.fit, FitReport) else None
    if tried.profile is not None:
        yield counted_text(tried.profile)
    elif cycles is not None:
        yield time_text(cycles)


def _unfit(fit: FitReport) -> Iterator[str]:
    for region in fit.regions:
        if not region.fits:
            yield f"{region.region}: needs {region.used_bytes:,} of {region.size_bytes:,} bytes"
    yield "verdict: DOES NOT FIT"


def _answers(tried: Tried, run: FinishedRun, width: int) -> Iterator[str]:
    rows = run.summary.rows
    if tried.drawn:
        yield (
            f"{len(rows)} drawn pictures, no photographs: they show whether the board computes "
            "what the host computes, not how good the model is; --images DIR takes your own"
        )
    meta = run.summary.meta
    for heading, text in recipe_lines(meta.preprocessing, meta.recipe_source, meta.label_mapping):
        yield f"{heading}: {text}" if heading else f"  {text}"
    if meta.form.note is not None:
        yield f"output: {meta.form.note}"
    names = meta.class_names
    columns = (
        Column("picture"),
        Column("prediction"),
        Column("score", right=True),
        Column("host", wraps=True),
    )
    bad = {number for number, row in enumerate(rows) if row.status is not Status.DONE}
    cells = [
        (clipped(row.file, _FILE_COLUMNS, keep_end=True), *_answer(row, names)) for row in rows
    ]
    yield table_text(columns, cells, width, bad).rstrip("\n")
    top1 = run.summary.top1
    if top1 is not None:
        yield f"top-1 {top1.correct} of {top1.total} labelled pictures"


def _answer(row: Row, names: tuple[str, ...] | None) -> tuple[str, str, str]:
    """Prediction, score, and whether the output is the host's."""
    if row.status is not Status.DONE or row.top1 is None or row.score is None:
        return "", "", f"{row.status.value}: {row.error or ''}".rstrip(": ")
    prediction = _name(row.top1, names)
    if row.label is not None and row.label != row.top1:
        prediction += f", is {_name(row.label, names)}"
    difference = row.reference_difference
    if difference is None:
        return prediction, f"{row.score:.3g}", "not compared"
    equal = "equal" if difference == 0 else f"UNLIKE by {difference} steps"
    return prediction, score_text(row.score), equal


def _name(label: int, names: tuple[str, ...] | None) -> str:
    return f"class {label}" if names is None else clipped(names[label].split(",")[0], _NAME_COLUMNS)


def _memory(build: BuildEntry, width: int) -> str:
    columns = (Column("memory"), *(Column(name, right=True) for name in ("used", "size", "left")))
    rows = [
        (
            use.region,
            f"{use.used_bytes:,}",
            f"{use.size_bytes:,}",
            f"{use.size_bytes - use.used_bytes:,}",
        )
        for use in build.regions
    ]
    return table_text(columns, rows, width)


def _judged(run: FinishedRun) -> Iterator[str]:
    summary = run.summary
    verdict, agreement = summary.verdict, summary.agreement
    yield from (f"warning: {text}" for text in verdict.warnings)
    yield from (f"reason: {text}" for text in verdict.reasons)
    equal = ""
    if agreement is not None:
        equal = f"; {agreement.equal} of {agreement.compared} outputs byte-equal to the host's"
    yield f"verdict: {verdict.text}{equal}"


def next_steps(tried: Tried) -> tuple[str, ...]:
    """After a pass the two commands for a real board, else what helps on."""
    if tried.run is None or tried.project is None or tried.build is None:
        model, board = tried.given
        fit = command("mcuzoo", "fit", model, "--board", board, "--runtime", _runtime(tried))
        return (*([tried.fit.next_step] if tried.fit.next_step else []), fit)
    project = tried.project.folder
    if tried.passed:
        images = () if tried.images is None else ("--images", tried.images)
        if isinstance(tried.board, LinuxBoard):
            return (f"{project / 'README.md'} says how it gets onto the board and is measured",)
        run = command("mcuzoo", "run-serial", "--port", SOME_PORT, "--project", project, *images)
        return command("mcuzoo", "flash", project), run
    if tried.run.summary.verdict.broke is Broke.FIRMWARE:
        return (command("mcuzoo", "profile", project),)
    return (command("mcuzoo", "run-serial", "--resume", tried.run.folder),)


def try_document(tried: Tried) -> dict[str, object]:
    """The document that `mcuzoo try --json` prints; sizes in bytes."""
    run, build = tried.run, tried.build
    return {
        "model": tried.name,
        "sha256": tried.inspection.sha256,
        "board": tried.board.id,
        "runtime": _runtime(tried),
        "folder": str(tried.folder),
        "fits": tried.fit.fits,
        "passed": tried.passed,
        "exit_code": tried.exit_code,
        "drawn_pictures": tried.drawn and run is not None,
        "pictures": [] if run is None else _picture_documents(run),
        "memory": []
        if build is None
        else [
            {**asdict(use), "left_bytes": use.size_bytes - use.used_bytes} for use in build.regions
        ],
        "inspect": tried.inspection.as_dict(),
        "fit": fit_document(tried.fit)
        if isinstance(tried.fit, FitReport)
        else linux_fit_document(tried.fit),
        "counted": tried.profile and counted_document(tried.profile),
        "build": None if build is None else asdict(build),
        "run": None if run is None else run_document(run.folder, run.summary),
        "next": list(next_steps(tried)),
    }


def _picture_documents(run: FinishedRun) -> list[dict[str, object]]:
    names = run.summary.meta.class_names
    return [
        {
            "file": row.file,
            "status": row.status.value,
            "label": row.label,
            "top1": row.top1,
            "top1_name": None if names is None or row.top1 is None else names[row.top1],
            "score": row.score,
            "equal": None if row.reference_difference is None else row.reference_difference == 0,
            "steps_off": row.reference_difference,
        }
        for row in run.summary.rows
    ]


def keep_try(tried: Tried) -> None:
    """Write the whole as try.json and try.txt to its folder."""
    write_whole(tried.folder / MARK, _json("try", try_document(tried)).encode())
    write_whole(tried.folder / "try.txt", try_text(tried, _WIDTH).encode())
