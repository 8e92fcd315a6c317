"""The mover of rows, under sanitizers: any windows, bands and pieces give what the whole gives."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from helpers.examples import examples
from helpers.host_firmware import TESTS, WARNINGS, find_host_compiler, sanitizer_flags
from helpers.objects import compile_c
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcuzoo.resources import firmware_dir


@dataclass(frozen=True)
class Stage:
    input_rows: int
    window: int
    stride: int
    pad_top: int
    output_rows: int
    band: int


@st.composite
def chains(draw: st.DrawFn) -> tuple[Stage, ...]:
    """Also windows smaller than their stride, rows that nobody reads, and rows of padding alone."""
    rows, stages = draw(st.integers(1, 12)), []
    for _ in range(draw(st.integers(1, 4))):
        window, stride = draw(st.integers(1, 5)), draw(st.integers(1, 4))
        pad_top, pad_bottom = draw(st.integers(0, 4)), draw(st.integers(0, 4))
        most = (rows + pad_top + pad_bottom - window) // stride + 1
        if most < 1:
            window, most = 1, (rows + pad_top + pad_bottom - 1) // stride + 1
        output_rows = draw(st.integers(max(1, most - 2), most))
        stages.append(Stage(rows, window, stride, pad_top, output_rows, draw(st.integers(1, 4))))
        rows = output_rows
    return tuple(stages)


def expected(stages: tuple[Stage, ...], image: NDArray[np.int8]) -> NDArray[np.int8]:
    """As rows_harness.c says; image int8 (rows, columns)."""
    for stage in stages:
        made = np.zeros((stage.output_rows, image.shape[1]), np.int64)
        for y in range(stage.output_rows):
            for tap in range(stage.window):
                row = y * stage.stride + tap - stage.pad_top
                made[y] += (tap + 1) * (image[row] if 0 <= row < len(image) else 1)
        image = made.astype(np.int8)
    return image


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    executable = tmp_path_factory.mktemp("rows") / "harness"
    compiler = find_host_compiler()
    sources = [TESTS / "firmware_host/rows_harness.c", firmware_dir() / "runtime/aot/mz_rows.c"]
    flags = [*WARNINGS, "-O1", *sanitizer_flags(compiler), f"-I{firmware_dir()}"]
    compile_c([*compiler, *flags, *map(str, sources), "-o", str(executable)])
    return executable


@settings(deadline=None, max_examples=examples(120))
@given(chains(), st.integers(1, 9), st.data())
def test_rows_give_what_the_whole_gives(
    harness: Path, stages: tuple[Stage, ...], columns: int, data: st.DataObject
) -> None:
    total = stages[0].input_rows * columns
    seed = data.draw(st.integers(0, 2**32 - 1))
    image = np.random.default_rng(seed).integers(-128, 128, total, dtype=np.int8)
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=12)))
    pieces = np.diff([0, *cuts, total]).tolist()
    words = [len(stages)]
    for stage in stages:
        words += [stage.input_rows, columns, stage.window, stage.stride, stage.pad_top]
        words += [stage.output_rows, stage.band]
    words += [len(pieces), *pieces]
    text = np.array(words, "<i4").tobytes() + image.tobytes()
    done = subprocess.run([str(harness)], input=text, capture_output=True)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    whole = expected(stages, image.reshape(stages[0].input_rows, columns))
    assert done.stdout == whole.tobytes()
