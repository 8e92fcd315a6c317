"""Runs for pages, without a board: drawn signs, made-up answers, and texts that mean harm."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from helpers.fake_board import MANIFEST

from mcuzoo.data.dataset import load_data_set
from mcuzoo.data.labels import Classes
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.link.state import LinkState
from mcuzoo.link.use import LineUse
from mcuzoo.profile import Layer, ModelProfile
from mcuzoo.project.manifest import TensorSpec
from mcuzoo.project.recipe import Recipe
from mcuzoo.report.html.at_hand import AtHand
from mcuzoo.run.feed import Prepared, prepare
from mcuzoo.run.record import BoardFacts, BoardRecord, Row, RunMeta, Settings, Status, WrongLayer
from mcuzoo.run.summary import RunSummary, summarize
from mcuzoo.zoo.registry import resolve_model

SIDE = 32
INPUT = TensorSpec("input", (1, SIDE, SIDE, 3), "int8", 1 / 128, 0, SIDE * SIDE * 3)
BOARD = BoardFacts(
    "rt1050", "aot", "gcc 12.2.1", "ab" * 16, "cd" * 32, 1, 600_000_000, 0x411FC270, False, 53_760,
    53_000, "silicon", "cycles",
)  # fmt: skip
EVIL = "</title></script><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7*7 }}"
"""It would run if it was shown without quotes."""


@dataclass(frozen=True)
class PageRun:
    """A run, and what of its project is at hand."""

    summary: RunSummary
    project: AtHand


def signs_meta(classes: int, names: tuple[str, ...] | None, images: int) -> RunMeta:
    settings = Settings(
        "/p/signs", "/dev/ttyACM0", 115200, "signs", None, images, True, False, min_top1=0.5
    )
    return RunMeta(
        "0.1.0", "2026-11-29T02:10:00+00:00", "signs", classes, names, 1 / 256, -128,
        Recipe(), "ef" * 32, BOARD, settings, link=LinkState(frames_sent=900),
        recipe_source="registry", output_shape=(1, classes),
    )  # fmt: skip


def signs_run(
    images: int = 32,
    change: Callable[[Row], Row] = lambda row: row,
    meta: Callable[[RunMeta], RunMeta] = lambda meta: meta,
) -> PageRun:
    """Drawn signs, of which every fourth is taken for its neighbour. change: of each image."""
    names = resolve_model("signs").labels
    assert names is not None
    classes = len(names)
    about = meta(signs_meta(classes, names, images))
    items = load_data_set(Path("signs"), Classes(classes, names), images).items
    input = PictureInput(Recipe(), INPUT.shape, INPUT.scale, INPUT.zero_point)
    rows = []
    for item in items:
        ready = prepare(item, input, None)
        assert isinstance(ready, Prepared) and item.label is not None
        wrong = item.index % 4 == 3
        output = np.full(classes, -128, np.int8)
        output[item.label], output[(item.label + 1) % classes] = (-60, 40) if wrong else (100, -90)
        best = int(np.argmax(output))
        row = Row(
            item.index, item.file, item.label, item.sha256, Status.DONE, output, best,
            (int(output[best]) + 128) / 256, 7_000_000 + 1_000 * (item.index % 7),
            zlib.crc32(ready.tensor.tobytes()), 1, 0, 0.5, None, int(wrong),
        )  # fmt: skip
        rows.append(change(row))
    at_hand = AtHand(Path("/p/signs"), replace(MANIFEST, input=INPUT))
    return PageRun(summarize(about, rows), at_hand)


def broken_firmware() -> PageRun:
    """Outputs unlike the host's, and images on which the firmware fails."""

    def change(row: Row) -> Row:
        if row.index % 5 == 0:
            return replace(row, reference_difference=3 + row.index)
        if row.index % 7 == 6:
            return _unanswered(row, Status.FAULT, "The firmware reports: hard fault.")
        return row

    wrong = WrongLayer("class/x.png", "3-4", "CONV_2D", "op 3-4 CONV_2D is the first that differs")
    return signs_run(30, change, lambda meta: replace(meta, wrong_layer=wrong))


def broken_rig() -> PageRun:
    """Lost images, images that were never sent, a line that loses."""

    def change(row: Row) -> Row:
        if row.index > 20:
            return _unanswered(row, Status.PENDING, None)
        if row.index % 6 == 5:
            return _unanswered(row, Status.LOST, "The board does not answer.")
        return replace(row, attempts=1 + row.index % 3)

    link = LinkState(
        frames_sent=4000, frames_resent=61, bad_frames=7, board_bad_frames=9, board_lost_bytes=88,
        reconnects=2, chunk_bytes=512, smallest_chunk_bytes=64,
    )  # fmt: skip
    return signs_run(30, change, lambda meta: replace(meta, link=link))


def several_boards() -> PageRun:
    """Two boards at work, of which one is wrong about an image, and one that never answered."""
    use = LineUse(20, 900_000, 9_000, 800_000, 7.0, 9.0, 1.5, 0.5)
    link = LinkState(frames_sent=900, frames_resent=3, rates_used=(115200, 921600), use=use)
    boards = (
        BoardRecord("b1", "/dev/ttyACM0", BOARD, link),
        BoardRecord("b2", "/dev/ttyACM1", BOARD, LinkState(), recoveries=2),
        BoardRecord("b10", "/dev/ttyACM2", retired="It does not answer."),
    )

    def change(row: Row) -> Row:
        wrong = 7 if row.index == 3 else 0
        return replace(row, board=f"b{1 + row.index % 2}", reference_difference=wrong)

    def meta(meta: RunMeta) -> RunMeta:
        settings = replace(meta.settings, port="", ports=("/dev/ttyACM0", "/dev/ttyACM1"))
        return replace(meta, settings=settings, boards=boards, elapsed_s=8.0, link=link)

    return signs_run(16, change, meta)


def unlabelled() -> PageRun:
    return signs_run(
        12,
        lambda row: replace(row, label=None, rank=None),
        lambda meta: replace(meta, settings=replace(meta.settings, min_top1=None)),
    )


def emulated() -> PageRun:
    """As an emulated board says it: instructions, and counted on some images only."""
    board = replace(BOARD, agent="emulator", count_unit="instructions", emulated=True)
    return signs_run(
        16,
        lambda row: replace(row, cycles=12_410_615 if row.index < 3 else None),
        lambda meta: replace(meta, board=board),
    )


def budgeted(run: PageRun) -> PageRun:
    """The run, judged by budgets: one holds, one does not, one cannot be judged."""
    meta = run.summary.meta
    bounds = {"max_line_errors": 0, "max_instructions": 12_000_000, "max_latency_ms": 20.5}
    settings = replace(meta.settings, **bounds)  # type: ignore[arg-type]
    return replace(run, summary=summarize(replace(meta, settings=settings), run.summary.rows))


def many_classes(images: int, classes: int = 1001) -> PageRun:
    """A run of ImageNet's size, whose data set is gone."""
    names = tuple(f"class number {label}, of many" for label in range(classes))
    meta = signs_meta(classes, names, images)
    meta = replace(meta, settings=replace(meta.settings, data_set="/gone/imagenet"))
    rows = []
    for index in range(images):
        label = (7919 * index) % classes
        wrong = index % 3 == 0
        top1 = (label * 31 % classes) if wrong else label
        output = np.full(classes, -128, np.int8)
        output[top1] = 80
        rows.append(
            Row(
                index, f"val/{label}/{index:08}.JPEG", label, "aa" * 32, Status.DONE, output, top1,
                208 / 256, 5_000_000 + index * 37 % 90_000, 1, 1, 0, 0.3, None,
                1 if wrong and top1 != label else 0,
            )
        )  # fmt: skip
    gone = AtHand(Path("/gone"), absent="There is no project folder '/gone'.")
    return PageRun(summarize(meta, rows), gone)


def hostile() -> PageRun:
    """Every text that can come from outside means harm."""

    def change(row: Row) -> Row:
        if row.index % 3 == 0:
            return _unanswered(replace(row, file=EVIL), Status.LOST, EVIL)
        return replace(row, file=f"{EVIL}{row.index}", reference_difference=row.index % 2)

    def meta(meta: RunMeta) -> RunMeta:
        assert meta.class_names is not None
        settings = replace(
            meta.settings, project=EVIL, port=EVIL, data_set=EVIL, labels=EVIL, split=EVIL
        )
        return replace(
            meta,
            model=EVIL,
            started=EVIL,
            class_names=(EVIL,) * len(meta.class_names),
            settings=settings,
            board=replace(BOARD, board=EVIL, runtime=EVIL, toolchain=EVIL, count_unit=EVIL),
            wrong_layer=WrongLayer(EVIL, EVIL, EVIL, EVIL),
            recipe_source=EVIL,
            label_mapping=EVIL,
        )

    return signs_run(12, change, meta)


def toy_profile(build_id: str = BOARD.build_id, text: str = "CONV_2D") -> ModelProfile:
    layers = tuple(
        Layer(op, op, text, "t", (1, 8, 8, 4), 1000 * op, 900 * op + 50, 256, 5, 5 + (op == 3))
        for op in range(5)
    )
    return ModelProfile(
        text, "rt1050", "silicon", "cycles", "aot", "gcc", build_id, 600_000_000, text, 9_250,
        layers, True,
    )  # fmt: skip


def _unanswered(row: Row, status: Status, error: str | None) -> Row:
    return Row(row.index, row.file, row.label, row.sha256, status, attempts=4, error=error)
