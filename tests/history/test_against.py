"""A run against an earlier one: which images changed, what it costs, and what else is different."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.histories import BUILD, answering, broken, mended, night, write_nights, write_run
from helpers.page_runs import BOARD, PageRun, emulated, signs_run
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.errors import InputError
from mcuzoo.history.against import Against, Delta, against, compare_runs
from mcuzoo.history.changes import Aspect
from mcuzoo.history.folders import RunInFolder, open_run
from mcuzoo.history.trend import history
from mcuzoo.link.state import LinkState
from mcuzoo.project.recipe import Recipe
from mcuzoo.report.against import against_text
from mcuzoo.report.history import history_text
from mcuzoo.run.record import BoardRecord, Row, RunMeta, Status
from mcuzoo.run.score import Paired
from mcuzoo.run.summary import RunSummary


def compared(run: PageRun, baseline: PageRun) -> Against:
    return against(
        RunInFolder(Path("now"), run.summary), RunInFolder(Path("before"), baseline.summary)
    )


def delta(it: Against, name: str, unit: str | None = None) -> Delta:
    return next(d for d in it.deltas if d.name == name and unit in (None, d.unit))


def with_meta(change: Callable[[RunMeta], RunMeta]) -> PageRun:
    return night(1, meta=change)


def test_the_same_run_is_no_worse_and_nothing_changed() -> None:
    found = compared(night(0), night(0))
    assert found.judged == len(found.pairing.pairs) == 32
    assert not (found.newly_wrong or found.newly_right or found.regressions)
    assert found.paired == Paired(0, 0) and found.paired.p_value == 1.0
    assert found.outputs.compared == 32 and not found.outputs.changed
    assert found.changed_parts == () and all(one.differs is False for one in found.compared)
    assert all(d.change in (0, None) for d in found.deltas)


def test_newly_wrong_and_newly_right() -> None:
    """Of the baseline every fourth image is wrong."""

    def change(row: Row) -> Row:
        assert row.label is not None
        if row.index == 3:
            return mended(row)
        return answering(row, (row.label + 2) % 16) if row.index in (4, 5) else row

    found = compared(night(1, change), night(0))
    assert [p.run.index for p in found.newly_wrong] == [4, 5]
    assert [p.run.index for p in found.newly_right] == [3]
    assert found.paired == Paired(2, 1) and not found.worse and not found.regressions
    assert [one.pair.run.index for one in found.outputs.changed] == [3, 4, 5]
    assert found.outputs.largest_step == 218


def test_a_firmware_that_computes_something_else_is_named() -> None:
    other = replace(BOARD, build_id="99" * 16)
    now = night(1, broken, lambda meta: replace(meta, board=other))
    found = compared(now, night(0))
    assert found.worse and found.paired is not None and found.paired.p_value < 1e-2
    assert found.changed_parts == ("firmware",)
    said = " ".join(found.regressions)
    assert "The accuracy fell: " in said and "Outputs unlike the host's: 16, in" in said
    assert "The verdict is FAIL: firmware" in said


@pytest.mark.parametrize(
    ("change", "parts", "aspects"),
    [
        (
            lambda meta: replace(meta, board=replace(BOARD, model_sha256="9" * 64)),
            ("model",),
            (Aspect.MODEL,),
        ),
        (
            lambda meta: replace(
                meta, board=replace(BOARD, model_sha256="9" * 64, build_id="8" * 32)
            ),
            ("model",),
            (Aspect.MODEL, Aspect.FIRMWARE),
        ),
        (
            lambda meta: replace(
                meta,
                board=replace(BOARD, model_sha256="9" * 64, build_id="8" * 32, toolchain="zig"),
            ),
            ("model", "firmware"),
            (Aspect.MODEL, Aspect.FIRMWARE, Aspect.COMPILER),
        ),
        (
            lambda meta: replace(meta, preprocessing=Recipe(crop=0.5)),
            ("data",),
            (Aspect.RECIPE,),
        ),
        (
            lambda meta: replace(meta, build=replace(BUILD, optimization="-O3")),
            ("firmware",),
            (Aspect.COMPILER,),
        ),
        (
            lambda meta: replace(meta, board=replace(BOARD, board="rt1060")),
            ("rig",),
            (Aspect.BOARD,),
        ),
        (
            lambda meta: replace(meta, settings=replace(meta.settings, port="/dev/ttyACM9")),
            ("rig",),
            (Aspect.LINE,),
        ),
        (
            lambda meta: replace(meta, settings=replace(meta.settings, min_top1=0.9)),
            ("bounds",),
            (Aspect.BOUNDS,),
        ),
        (lambda meta: replace(meta, tool_version="9"), ("mcuzoo",), (Aspect.HOST,)),
    ],
    ids=["model", "model and build", "compiler, too", "recipe", "optimization", "board", "port",
         "bounds", "mcuzoo"],
)  # fmt: skip
def test_what_changed_is_told_in_order(
    change: Callable[[RunMeta], RunMeta], parts: tuple[str, ...], aspects: tuple[Aspect, ...]
) -> None:
    found = compared(with_meta(change), night(0))
    assert (found.changed_parts, found.aspects) == (parts, aspects)


def test_the_project_of_an_emulated_board_is_no_part_of_the_line() -> None:
    def at(port: str) -> PageRun:
        return with_meta(lambda meta: replace(meta, settings=replace(meta.settings, port=port)))

    assert compared(at("emulator:///a?count=1"), at("emulator:///b?count=1")).aspects == ()
    assert compared(at("emulator:///a?faults=x"), at("emulator:///a")).aspects == (Aspect.LINE,)


def test_other_images_are_told_apart_from_other_data() -> None:
    digest = "77" * 32
    more = night(1, meta=lambda meta: replace(meta, data_set_digest=digest), images=48)
    found = compared(more, night(0))
    assert len(found.pairing.pairs) == 32 and len(found.pairing.run) == 16
    assert found.other_images_only and found.changed_parts == ()

    def relabelled(row: Row) -> Row:
        return replace(row, label=5) if row.index == 0 else row

    other = compared(night(1, relabelled, lambda m: replace(m, data_set_digest=digest)), night(0))
    assert [p.run.index for p in other.relabelled] == [0] and other.judged == 31
    assert other.changed_parts == ("data",)


def test_labels_are_compared_by_their_names() -> None:
    """The classes are counted the other way round."""
    names = night(0).summary.meta.class_names
    assert names is not None

    def turned(row: Row) -> Row:
        assert row.label is not None
        return replace(row, label=15 - row.label)

    found = compared(
        night(1, turned, lambda meta: replace(meta, class_names=names[::-1])), night(0)
    )
    assert not found.relabelled and found.judged == 32


def test_images_that_the_baseline_alone_has_answered_are_a_regression() -> None:
    def lost(row: Row) -> Row:
        if row.index < 5:
            return Row(row.index, row.file, row.label, row.sha256, Status.LOST, error="silent")
        return row

    found = compared(night(1, lost), night(0))
    assert len(found.pairing.answered) == found.judged == found.outputs.compared == 27
    assert "Images without an answer that the baseline has: 5." in found.regressions
    assert delta(found, "unanswered images").change == 5
    assert not compared(night(1), night(0, lost)).regressions


def test_units_are_never_mixed() -> None:
    found = compared(emulated(), night(0))
    latency = delta(found, "latency")
    assert latency.change is None and latency.refused == "cycles and instructions are not compared"
    assert (latency.baseline, latency.run) == (7_003_000, 12_410_615)
    assert not [d for d in found.deltas if d.unit == "ms"]


def test_counts_of_an_unknown_unit_are_not_compared() -> None:
    unsaid = with_meta(lambda meta: replace(meta, board=replace(BOARD, count_unit="counts")))
    assert "do not say" in delta(compared(unsaid, unsaid), "latency").refused


def test_sizes_and_time() -> None:
    def larger(meta: RunMeta) -> RunMeta:
        return replace(
            meta,
            build=replace(BUILD, code_bytes=30_000, constant_bytes=200_000),
            board=replace(BOARD, arena_bytes=60_000),
            link=LinkState(frames_resent=3, bad_frames=2, reconnects=1),
        )

    found = compared(night(1, lambda row: replace(row, cycles=6_000_000), larger), night(0))
    wanted = {
        ("latency", "cycles"): -1_003_000, ("arena", "bytes"): 6_240, ("code", "bytes"): 2_448,
        ("constants", "bytes"): -41_776, ("link faults", ""): 4,
    }  # fmt: skip
    assert {key: delta(found, *key).change for key in wanted} == wanted
    assert delta(found, "latency", "ms").change == pytest.approx(-1_003_000 / 600_000)


def test_what_an_older_run_does_not_know_is_said() -> None:
    found = compared(night(1), signs_run(32))
    code = delta(found, "code")
    assert (code.baseline, code.run, code.change) == (None, 27_552, None)
    unsaid = {(one.aspect, one.what) for one in found.compared if one.differs is None}
    assert {(Aspect.MODEL, "input"), (Aspect.COMPILER, "optimization")} <= unsaid
    both = compared(signs_run(32), signs_run(32))
    assert not [one for one in both.compared if one.what in ("input", "optimization")]


def test_faults_of_all_lines_count() -> None:
    boards = (
        BoardRecord("a", "/dev/a", BOARD, LinkState(frames_resent=2)),
        BoardRecord("b", "/dev/b", BOARD, LinkState(bad_frames=5, reconnects=1)),
    )
    several = with_meta(lambda meta: replace(meta, boards=boards, link=None))
    assert delta(compared(several, night(0)), "link faults").run == 8


def test_outputs_of_another_scale_are_not_compared() -> None:
    other = with_meta(lambda meta: replace(meta, output_scale=1 / 128))
    found = compared(other, night(0))
    assert "another shape or scale" in found.outputs.refused and not found.outputs.changed


def test_another_input_of_the_same_picture_is_counted() -> None:
    found = compared(night(1, lambda row: replace(row, input_crc32=1)), night(0))
    assert found.outputs.inputs_changed == 32


@pytest.fixture(scope="module")
def whole() -> RunSummary:
    return night(0, images=16).summary


@given(outcomes=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=16))
def test_the_test_counts_the_images_that_changed(
    whole: RunSummary, outcomes: list[tuple[bool, bool]]
) -> None:
    """(right before, right now) of each image."""

    def run(which: int) -> RunInFolder:
        rows = [
            replace(row, rank=0 if outcome[which] else 1)
            for row, outcome in zip(whole.rows, outcomes, strict=False)
        ]
        return RunInFolder(Path("x"), replace(whole, rows=tuple(rows)))

    found = against(run(1), run(0))
    assert found.paired == Paired(outcomes.count((True, False)), outcomes.count((False, True)))
    assert found.judged == len(outcomes)


def test_values_of_a_wrong_kind_are_the_journals_fault(tmp_path: Path) -> None:
    wrong = with_meta(lambda meta: replace(meta, board=replace(BOARD, cpuid="x")))  # type: ignore[arg-type]
    odd, good = write_run(tmp_path / "odd", wrong), write_run(tmp_path / "good", night(0))
    for run, baseline in ((odd, good), (good, odd)):
        with pytest.raises(InputError, match="cannot be used"):
            compare_runs(run, baseline)


def test_from_folders(tmp_path: Path) -> None:
    write_nights(tmp_path / "runs", [night(0), night(1, mended)])
    write_run(tmp_path / "single", night(0))
    found = compare_runs(tmp_path / "runs", tmp_path / "single")
    assert found.run.folder == tmp_path / "runs" / "night-001" and len(found.newly_right) == 8
    with pytest.raises(InputError, match="holds no run"):
        compare_runs(tmp_path / "runs", tmp_path / "none")


def on_delegate(number: int, name: str, every: int) -> PageRun:
    """Every output is off, and every n-th answer is not the host's."""

    def change(row: Row) -> Row:
        assert row.top1 is not None
        host = (row.top1 + 1) % 16 if row.index % every == 0 else row.top1
        return replace(row, reference_difference=2, host_top1=host)

    def meta(meta: RunMeta) -> RunMeta:
        settings = replace(meta.settings, min_top1=None)
        return replace(meta, settings=settings, board=replace(BOARD, delegate=name))

    return night(number, change, meta)


def test_bytes_of_a_delegate_are_no_regression_and_flips_are_tested() -> None:
    few, many = on_delegate(0, "vx", 32), on_delegate(1, "vx", 2)
    same = compared(on_delegate(1, "vx", 32), few)
    assert same.flips == Paired(0, 0) and not same.regressions
    worse = compared(many, few)
    assert worse.flips == Paired(0, 15)
    assert worse.regressions == (
        "More answers are not the host's: 15 more images, 0 less (p = 6.1e-05).",
    )
    assert "only in this run 15, only in the baseline 0" in against_text(worse)
    other = compared(on_delegate(1, "ethosu", 2), few)
    assert other.flips is None and not other.regressions
    assert "firmware" in other.changed_parts


def test_each_delegate_is_a_series_of_its_own(tmp_path: Path) -> None:
    runs = [on_delegate(0, "vx", 8), on_delegate(1, "", 99), on_delegate(2, "vx", 8)]
    write_nights(tmp_path, runs)
    found = history([tmp_path])
    assert sorted((one.delegate, len(one.points)) for one in found.series) == [("", 1), ("vx", 2)]
    text = history_text(found)
    assert "signs on rt1050, vx: compared, not judged" in text
    for series in found.series:
        for point in series.points:
            verdict = open_run(point.run.folder).summary.verdict
            assert point.run.verdict == verdict
