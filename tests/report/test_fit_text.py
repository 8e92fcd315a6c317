"""What `mcuzoo fit` says: the verdict, the memory of a universal firmware, a measured arena."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path

import pytest
from helpers.commands import Said, invoke
from helpers.exported import fit_model
from helpers.fake_board import MANIFEST
from helpers.mobilenet import mobilenet_v1
from helpers.schemas import complaints

from mcuzoo.board.load import load_board
from mcuzoo.board.rated import RatesOf
from mcuzoo.budgets import Budgets, Figure, judge
from mcuzoo.codegen.universal_fit import ModelRoom, fit_universal
from mcuzoo.measure.arena import ArenaMeasurement, ArenaRow, arena_rows
from mcuzoo.measure.fit import FitMeasurement
from mcuzoo.ops.channels import Savings
from mcuzoo.ops.coverage import Uncovered
from mcuzoo.plan.fit import FitReport, RuntimeFit
from mcuzoo.project.entries import ArenaFigures, BuildEntry, ConstantEntry, MeasuredEntry
from mcuzoo.report.estimate import about_ms, exported_time, runtime_text
from mcuzoo.report.fit import (
    constants_text,
    fit_document,
    fit_text,
    measurement_findings,
    measurement_text,
    universal_fit_document,
    universal_fit_text,
)
from mcuzoo.report.html.fit import fit_html
from mcuzoo.report.schemas import labelled


@pytest.fixture(scope="module")
def report() -> FitReport:
    return fit_model(mobilenet_v1(resolution=32), load_board("rt1050"))


def test_a_model_that_the_runtime_does_not_run_is_no_question_of_memory(report: FitReport) -> None:
    op = mobilenet_v1(resolution=32).ops[3]
    gap = Uncovered(op, None, "has a dilation of 2")
    reason = f"op 3 {op.name} has a dilation of 2."
    refused = replace(report, fits=False, reason=reason, uncovered=(gap,))
    lines = fit_text(refused, 80).splitlines()
    assert f"not covered: op 3 {op.name}: has a dilation of 2" in lines
    assert f"verdict: aot DOES NOT RUN IT: {reason}" in lines
    assert "DOES NOT FIT" not in "".join(lines)
    found = fit_document(refused)["uncovered"]
    assert found == [{"op": 3, "name": op.name, "tensor": None, "reason": "has a dilation of 2"}]


def test_an_arena_in_two_memories_says_what_that_saves(report: FitReport) -> None:
    text = " ".join(fit_text(replace(report, hot_saves_s=0.01234), 80).split())
    assert f"it does not fit {report.placement.arena_region} as a whole" in text
    assert "by estimate saves 12.34 ms of waiting per inference; --arena-region keeps" in text


def test_what_constant_channels_saved_is_told(report: FitReport) -> None:
    saved = replace(report, saved=Savings(971, 3_585_915, 182_400))
    text = " ".join(fit_text(saved, 80).split())
    assert (
        "971 channels are the same for every input and left out: 3,585,915 MACs and 182,400 bytes "
        "of weights less" in text
    )
    assert fit_document(saved)["constant_channels"] == asdict(saved.saved)
    assert "constant ones: 3,585,915 MACs and 182,400 B of weights less" in fit_html(saved)
    assert "left out" not in fit_text(report, 80) and "left out" not in fit_html(report)


def test_the_time_is_an_estimate_with_its_band(report: FitReport) -> None:
    cycles = report.cycles
    assert cycles is not None and cycles.total is not None
    text = " ".join(fit_text(report, 80).split())
    assert (
        f"ms per inference (estimate, +-{cycles.percent} %): {cycles.total:,.0f} modelled cycles "
        "at 600 MHz: core " in text
    )
    flash = cycles.waits["flash"] / cycles.total
    assert f"waits for flash {flash:.0%}, which no board has confirmed" in text
    found = fit_document(report)["time"]
    assert isinstance(found, dict) and found["estimated_ms"] == cycles.milliseconds
    assert len(found["calls"]) == len(cycles.calls)
    assert not complaints(labelled("fit", fit_document(report)))
    page = fit_html(report)
    assert "Estimated time" in page and f"+-{cycles.percent} %" in page
    rates = RatesOf("rt1050", "2026-11-29", "ab" * 32, "FZ1")
    rated = replace(report, cycles=replace(cycles, rates=rates))
    measured = " ".join(fit_text(rated, 80).split())
    assert f"({rates.words})" in measured and "which no board has confirmed" not in measured


def test_a_time_that_is_not_known_is_not_told(report: FitReport) -> None:
    cycles = report.cycles
    assert cycles is not None
    unknown = replace(cycles.calls[0], core=None, kernels=("mz_new_s8",))
    text = fit_text(replace(report, cycles=replace(cycles, calls=(unknown,))), 80)
    assert "time not estimated: no figure for mz_new_s8" in text and "(estimate" not in text
    slow = replace(report, cycles=replace(cycles, unknown_memories=("sdram",)))
    assert "time not estimated: the board file has no read speed of sdram" in fit_text(slow, 80)
    tflm = fit_text(replace(report, cycles=None, runtime="tflm"), 80)
    assert "time not estimated for the runtime tflm" in tflm


def test_the_other_runtime_has_its_time() -> None:
    other = RuntimeFit("aot", True, 1024, "dtcm", estimated_ms=12.34, percent=21)
    assert runtime_text(other) == (
        "fits, its arena 1,024 bytes in dtcm, about 12.3 ms (estimate, +-21 %)"
    )
    assert runtime_text(replace(other, fits=False)) == "does not fit"


def test_an_export_has_its_time() -> None:
    board = load_board("rt1050")
    plan = replace(MANIFEST.plan, estimated_cycles=6_000_000, estimate_percent=21)
    assert exported_time(plan, board) == "time about 10.0 ms per inference (estimate, +-21 %)\n"
    rates = RatesOf("rt1050", "2026-11-29", "ab" * 32)
    assert f"({rates.words})" in exported_time(plan, board.rated(rates))
    assert exported_time(replace(plan, estimated_cycles=None), board) == ""


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0.0123, "0.012"), (0.1234, "0.12"), (9.876, "9.88"), (12.34, "12.3"), (1234.5, "1,234")],
)
def test_no_more_digits_than_an_estimate_has(milliseconds: float, text: str) -> None:
    assert about_ms(milliseconds) == f"about {text} ms"


def test_constants_without_known_speeds_have_no_waits() -> None:
    entry = ConstantEntry("w0", 0, "CONV_2D", 1_000, "dtcm", 1, None, None)
    rest = replace(entry, symbol="w1", op=1, bytes=500, region="flash")
    assert constants_text((entry, rest), "flash") == (
        "constants 1,500 bytes: copied at start-up to dtcm 1,000; the rest stays in flash\n"
    )
    assert constants_text((entry,), "flash") == (
        "constants 1,000 bytes: copied at start-up to dtcm 1,000\n"
    )
    assert constants_text((rest,), "flash") == "constants 500 bytes: in flash\n"


def test_the_longest_waits_are_shown_and_the_others_counted() -> None:
    entries = tuple(
        ConstantEntry(f"w{n}", n - 1, "CONV_2D", 100, "flash", 1, n * 1e-6, n * 1e-6, "it is large")
        for n in range(11)
    )
    lines = constants_text(entries, "flash", 0.002).splitlines()
    assert lines[1].startswith("by estimate the core waits 0.06 ms per inference for them: ")
    assert lines[2] == "copying them makes start-up about 2.0 ms longer"
    assert [line.split()[0] for line in lines[5:13]] == [str(n) for n in range(9, 1, -1)]
    assert lines[13].strip() == "and 3 smaller ones: see --json or --html"
    whole = constants_text(entries[:1], "flash").splitlines()
    assert whole[-1].split()[0] == "all"  # the whole model file


def test_a_universal_firmware_says_what_it_has_and_judges_only_a_model() -> None:
    found = fit_universal(None, "rt1170")
    text, document = universal_fit_text(found), universal_fit_document(found)
    arena = found.plan.placement.arena_bytes
    assert text.startswith("universal firmware on rt1170\n") and f"arena: {arena:,} bytes" in text
    assert "verdict" not in text and "fits" not in document and document["arena_bytes"] == arena
    room = found.plan.rooms[0]
    told = replace(found, model=ModelRoom("net.tflite", 1_000, 2_000, room.region, True))
    assert f"net.tflite: 1,000 bytes, goes to {room.region}\n" in universal_fit_text(told)
    assert universal_fit_text(told).endswith("verdict: fits\n")
    none = replace(found, model=ModelRoom("net.tflite", 10**9, 2_000, None, False))
    assert "1,000,000,000 bytes, no room has space for it\n" in universal_fit_text(none)
    assert universal_fit_text(none).endswith("verdict: DOES NOT FIT\n")
    assert universal_fit_document(none)["model_region"] is None


PREDICTED = ArenaFigures(4_000, 1_000, 5_000, 5_008)
MEASURED = ArenaFigures(4_000, 1_200, 5_200, 5_216)
BUILD = BuildEntry("gcc", "12.2", "-O2", "ab" * 16, "f.elf", "f.bin", "f.hex", (), 7, {})
ENTRY = MeasuredEntry(True, "gcc 12.2", PREDICTED, MEASURED, 4_096, 1_000)


def measurement(entry: MeasuredEntry = ENTRY, max_arena: int | None = None) -> FitMeasurement:
    arena = Figure(5_216, "The project reserves 5,216 bytes of arena")
    plan = replace(MANIFEST.plan, arena_bytes=5_216)
    return FitMeasurement(
        project=Path("my project"),
        manifest=replace(MANIFEST, plan=plan, measured=entry, build=BUILD),
        measurement=ArenaMeasurement(
            entry.measured, None, entry.stack_bytes, entry.stack_used_bytes, 23
        ),
        rows=arena_rows(entry.predicted, entry.measured),
        recorded=(),
        measured_on="MIMXRT1170-EVKB, emulated",
        budgets=judge(Budgets(max_arena_bytes=max_arena), {"max_arena_bytes": arena}),
    )


def test_a_measured_arena_stands_beside_the_prediction() -> None:
    rows = [line.split() for line in measurement_text(measurement(), 80).splitlines()]
    assert ["head", "4,000", "4,000", "0"] in rows and ["tail", "1,000", "1,200", "+200"] in rows
    assert ["smallest", "5,008", "5,216", "+208"] in rows
    recorded = (ArenaRow("nodes", 300, 280),)
    text = measurement_text(replace(measurement(), recorded=recorded), 80)
    below = text.split("\n\n")[1]
    assert below.startswith("tail, when recorded") and "-20" in below


def test_what_follows_from_a_measured_arena() -> None:
    lines = measurement_findings(measurement()).splitlines()
    assert lines[0] == "measured on MIMXRT1170-EVKB, emulated; 23 arenas tried"
    assert lines[1] == "stack 1,000 of 4,096 bytes used"
    assert lines[2].startswith("my project reserves 5,216 bytes") and lines[2].endswith(" and runs")
    tight = measurement_findings(measurement(replace(ENTRY, stack_used_bytes=4_000)))
    assert "warning: The stack's 4,096 bytes were used up to the last 96.\n" in tight
    unknown = measurement_findings(measurement(replace(ENTRY, stack_bytes=0, stack_used_bytes=0)))
    assert "stack" not in unknown


def measured(monkeypatch: pytest.MonkeyPatch, found: FitMeasurement, *words: str) -> Said:
    monkeypatch.setattr(import_module("mcuzoo.measure.fit"), "measure", lambda *_: found)
    return invoke(("fit", "net.tflite", "--board", "rt1050", "--measure", *words))


def test_the_command_names_the_run_to_type_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = measured(monkeypatch, measurement(max_arena=6_000))
    assert said.exit_code == 0 and said.stdout.startswith("toy on rt1050, runtime aot\n")
    assert said.stdout.endswith(
        "next: mcuzoo run-serial --port 'emulator://my project' --images DIR\n"
    )
    beyond = measured(monkeypatch, measurement(max_arena=5_000), "--junit", str(tmp_path / "j.xml"))
    assert beyond.exit_code == 1 and "budget: " in beyond.stdout
    assert "<failure" in (tmp_path / "j.xml").read_text()


def test_a_measured_arena_as_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    said = measured(monkeypatch, measurement(), "--json")
    document = json.loads(said.stdout)
    assert said.exit_code == 0 and not complaints(document)
    assert document["rows"][1] == {
        "what": "tail", "predicted": 1_000, "measured": 1_200, "difference": 200
    }  # fmt: skip
    assert (document["trials"], document["reserved_bytes"]) == (23, 5_216)
    assert document["stack_warning"] is None and document["emulated"] is True


@pytest.mark.parametrize("which", ["--universal", "--measure"])
def test_a_fit_without_a_page_says_so(which: str, tmp_path: Path) -> None:
    page = tmp_path / "fit.html"
    said = invoke(("fit", "signs", "--board", "rt1050", which, "--html", page))
    assert said.exit_code == 2 and f"fit {which} has no page" in said.stderr
    assert not page.exists()


def test_a_fit_without_a_model_says_where_they_are() -> None:
    said = invoke(("fit", "--board", "rt1050"))
    assert said.exit_code == 2 and "no model was named" in said.stderr
    assert "hint: mcuzoo models" in said.stderr
