"""inspect, fit, export and the engines say the same of any file: whether it runs, and why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from helpers import tflite_builder as build
from helpers.small_net import small_net

from mcuzoo.board.load import load_board
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.codegen.project import export_project
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.engines.tflm import TflmEngine
from mcuzoo.errors import FitError, ModelError
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import load_model
from mcuzoo.ops.inspect import inspect_model
from mcuzoo.plan.fit import fit
from mcuzoo.plan.options import FitOptions
from mcuzoo.project.recipe import Recipe
from mcuzoo.zoo.registry import ModelSource

BOARD = "rt1170"
MUTANTS = 30


def refusal(act: Callable[[], Any]) -> str | None:
    """What the act says of a model that the runtime does not run; memory is another question."""
    try:
        act()
    except FitError:
        return None
    except ModelError as error:
        return error.message
    return None


def export(path: Path, folder: Path, runtime: str) -> None:
    source = ModelSource(path.stem, path, Recipe())
    options = ExportOptions(runtime=runtime, project="mcuxpresso", force=True)
    export_project(source, load_board(BOARD), folder / "project", options)


def fitted(model: Model, runtime: str) -> str | None:
    try:
        return fit(model, BOARD, FitOptions(runtime=runtime)).reason
    except ModelError as error:
        return error.message


def assert_agreed(path: Path, folder: Path, engines: bool = True) -> dict[str, str | None]:
    """The reason of each runtime not to run the file."""
    model = load_model(path)
    said = {facts.runtime: facts.reason for facts in inspect_model(model).runtimes}
    for runtime, reason in said.items():
        assert fitted(model, runtime) == reason, runtime
        assert refusal(partial(export, path, folder, runtime)) == reason, runtime
    if engines:
        assert refusal(lambda: ReferenceEngine(model)) == said["aot"]
        if said["tflm"] is not None:
            assert refusal(lambda: TflmEngine(model)) == said["tflm"]
    return said


RUN = {"person_detect", "vww_96_int8", "DeePunk42_handpose_int8", "nchw_input",
       "absoluteze_model_int8", "openmv_fomo_face_detection", "uint8_in_out"}  # fmt: skip
DO_NOT = {"derived_deepface_emotion_fp32", "softmax_scale_0.0039"}


def public_files(test_data: Path) -> Iterator[Path]:
    for folder in ("models", "wild", "../cases/models", "../cases/labels"):
        yield from sorted((test_data / folder).rglob("*.tflite"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "every", [False, pytest.param(True, marks=pytest.mark.full)], ids=["some", "every"]
)
def test_public_files(test_data: Path, tmp_path: Path, every: bool) -> None:
    said: dict[str, dict[str, str | None]] = {}
    for path in public_files(test_data):
        if not every and path.stem not in RUN | DO_NOT:
            continue
        try:
            load_model(path)
        except ModelError:
            continue  # damaged: every command reads a file in the same way
        said[path.stem] = assert_agreed(path, tmp_path, engines=path.stat().st_size < 1 << 20)
    runs = {name for name, reasons in said.items() if None in reasons.values()}
    assert runs >= RUN
    for name in DO_NOT:
        assert None not in said[name].values()


def converters_nets() -> Iterator[bytes]:
    """Small nets in the forms that converters give their ends, good and bad."""
    shape = (1, 4, 4, 3)
    int8: dict[str, Any] = {"scale": 0.05, "zero_point": 3}
    ends = [
        ("QUANTIZE", build.T("outer", shape, "uint8", 0.05, 131)),
        ("QUANTIZE", build.T("outer", shape, "uint8", 0.07, 9)),
        ("QUANTIZE", build.T("outer", shape, "float32")),
        ("QUANTIZE", build.T("outer", shape, "int16", 0.01, 0)),
        ("DEQUANTIZE", build.T("outer", shape, "float32")),
        ("CAST", build.T("outer", shape, "int32")),
    ]
    for before, first in ends:
        for after, last in ends:
            tensors = [first, build.T("in", shape, **int8), build.T("out", shape, **int8), last]
            ops = [
                build.O(before, (0,), (1,)),
                build.O("RELU6", (1,), (2,)),
                build.O(after, (2,), (3,)),
            ]
            yield build.build_model(tensors, ops, [0], [3])
    five = [build.T(name, (1, 1, 2, 2, 3), **int8) for name in "ab"]
    yield build.build_model(five, [build.O("RELU6", (0,), (1,))], [0], [1])
    yield build.reshape_model((1, 4, 4, 3), (1, 48))


@pytest.mark.slow
def test_ends(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    runs = 0
    for raw in converters_nets():
        path.write_bytes(raw)
        said = assert_agreed(path, tmp_path)
        runs += said == {"aot": None, "tflm": None}
    assert runs == 3 * 3  # uint8 in two scales and float, on either side


@pytest.mark.slow
def test_spoiled_nets(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert.schema_py_generated")
    from helpers.mutations import spoiled

    path = tmp_path / "net.tflite"
    read = refused = 0
    for seed in range(MUTANTS):
        path.write_bytes(spoiled(small_net(), Random(seed)))
        try:
            load_model(path)
        except ModelError:
            continue
        said = assert_agreed(path, tmp_path, engines=False)
        read += 1
        refused += said["aot"] is not None
    assert 0 < refused < read
