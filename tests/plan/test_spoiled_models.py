"""Spoiled models through inspect, convert, fit and export: an error in words, or an answer.

`make test` tries a few hundred; MCUZOO_NIGHTLY_MODELS=20000 sets another number, and hypothesis'
own profile says whether they are the same ones every time.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from random import Random

import numpy as np
import pytest
from helpers.exported import export_project, fit_model, tflm_of
from helpers.mutations import spoiled
from helpers.one_op_nets import sound_nets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcuzoo.board.load import load_board
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import FitError, McuzooError, ModelError
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.ops.inspect import inspect_model
from mcuzoo.report.fit import fit_document
from mcuzoo.zoo.convert.convert import ENDS, convert_model
from mcuzoo.zoo.registry import resolve_model

MODELS = int(os.environ.get("MCUZOO_NIGHTLY_MODELS", "300"))
# Exporting takes a hundred times as long as reading and fitting.
EXPORTED_SHARE = 1 / 16
MOST_ACTIVATION_BYTES = 1 << 20
BOARD = load_board("rt1170")
NETS = sound_nets()
PROJECTS = [("aot", "cmake"), ("aot", "mcuxpresso"), ("tflm", "mcuxpresso")]


def ask_everything(model: Model) -> list[str]:
    """What the commands do with a model that can be read; the runtimes that it fits with."""
    json.dumps(inspect_model(model).as_dict())
    for ends in ENDS:
        with contextlib.suppress(McuzooError):
            convert_model(model, ends)
    try:
        engine = ReferenceEngine(model)
        if sum(buffer.bytes for buffer in engine.program.buffers) <= MOST_ACTIVATION_BYTES:
            engine.run(np.zeros(engine.program.input_tensor.shape, np.int8))
    except ModelError:
        pass
    fitting = []
    for runtime in ("aot", "tflm"):
        try:
            report = fit_model(model, BOARD, runtime)
        except McuzooError:
            continue
        json.dumps(fit_document(report))
        fitting += [runtime] if report.fits else []
    with contextlib.suppress(McuzooError):
        fit_model(model, BOARD, "aot", stream_input=True)
    return fitting


@pytest.mark.slow
@settings(max_examples=MODELS, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32 - 1))
def test_a_spoiled_model_is_an_error_in_words(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    random = Random(seed)
    raw = spoiled(NETS[random.choice(list(NETS))], random)
    try:
        model = parse_model(raw, "spoiled")
    except ModelError:
        return
    fitting = ask_everything(model)
    if not fitting or random.random() >= EXPORTED_SHARE:
        return
    runtime, project = random.choice([pair for pair in PROJECTS if pair[0] in fitting])
    folder = tmp_path_factory.getbasetemp() / "spoiled"
    folder.mkdir(exist_ok=True)
    (folder / "spoiled.tflite").write_bytes(raw)
    source = resolve_model(str(folder / "spoiled.tflite"))
    options = tflm_of(None) if runtime == "tflm" else {}
    with contextlib.suppress(McuzooError):
        export_project(source, BOARD, folder / "out", runtime, project, force=True, **options)


CASES = ["sbytes-761371caf4", "sbytes-b91ab832a4", "sbytes-cda666bb3a", "struct-65ffb18c0c"]


@pytest.mark.parametrize("case", CASES)
def test_the_files_that_broke_the_prediction(test_data: Path, case: str) -> None:
    file = test_data.parent / "cases" / "models" / f"{case}.tflite"
    if not file.is_file():
        pytest.skip(f"{file} is not at hand")
    try:
        model = load_model(file)
    except ModelError:
        return
    with pytest.raises(ModelError, match="TFLM does not run it"):
        fit_model(model, BOARD, "tflm")
    assert not fit_model(model, BOARD, "aot").fits


def test_the_sound_networks_fit_with_tflm() -> None:
    for name, raw in NETS.items():
        report = fit_model(parse_model(raw, name), BOARD, "tflm")
        assert report.fits and report.tflm is not None, name


def test_what_fits_no_board_says_so(tmp_path: Path) -> None:
    from helpers.tflite_builder import unary_model

    path = tmp_path / "wide.tflite"
    path.write_bytes(unary_model("RELU", (1, 2**15, 2**13), (1, 2**15, 2**13)))
    with pytest.raises(FitError, match="does not fit"):
        export_project(
            resolve_model(str(path)), BOARD, tmp_path / "out", "tflm", "mcuxpresso",
            **tflm_of(None),
        )  # fmt: skip
