"""One model file on some boards, stage by stage; `models.py` starts it and reads what it prints.

    python benchmarks/model_trial.py FILE --boards rt1170,rt1050 [--tflm DIR] [--inputs 4]

Prints one JSON object per line: {"begin": STAGE} before a stage, {"stage": STAGE, ...} after it.
So a stage that crashes or hangs is known, and everything before it is kept.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measure import PATIENT, Configuration, build
from numpy.typing import NDArray

from mcuzoo.board.load import load_board
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.engines.tflm import TflmEngine
from mcuzoo.errors import McuzooError
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import load_model
from mcuzoo.link.session import Session
from mcuzoo.ops.inspect import inspect_model
from mcuzoo.plan.fit import fit_model
from mcuzoo.plan.options import MemoryOptions
from mcuzoo.zoo.registry import ModelSource, resolve_model

SEED = 1234
MAX_REASON = 300

Facts = dict[str, Any]
Tensors = list[NDArray[np.int8]]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--boards", default="rt1170")
    parser.add_argument("--tflm", type=Path)
    parser.add_argument("--inputs", type=int, default=4)
    parser.add_argument("--host-only", action="store_true")
    options = parser.parse_args()
    boards: list[str] = options.boards.split(",")

    model = stage("read", lambda: load_model(options.file))
    if model is None:
        return 0
    stage("inspect", lambda: model, inspected)
    for board in boards:
        for runtime in ("aot", "tflm"):
            stage(f"fit {runtime} {board}", partial(fit_on, model, board, runtime), dict)
    engine = stage("reference", lambda: ReferenceEngine(model))
    source = stage("resolve", lambda: resolve_model(str(options.file)))
    if engine is None or source is None:
        stage("wheel", partial(by_wheel, model, options.inputs), dict)
        return 0
    inputs = draw(engine.program.input_tensor.shape, options.inputs)
    expected = [engine.run(tensor) for tensor in inputs]
    for board in () if options.host_only else boards:
        stage(f"aot {board}", partial(on_board, source, board, None, inputs, expected), dict)
        if options.tflm is not None:
            tree = options.tflm.resolve()
            stage(f"tflm {board}", partial(on_board, source, board, tree, inputs, expected), dict)
    # The last one: what TFLM does not take may end the process.
    stage("wheel", partial(by_wheel, model, options.inputs, expected), dict)
    return 0


def stage(name: str, work: Callable[[], Any], facts: Callable[[Any], Facts] | None = None) -> Any:
    """The result of `work`, or None if it was refused; prints what `facts` says of it, or why."""
    emit({"begin": name})
    try:
        result = work()
        found = {"ok": True, **({} if facts is None else facts(result))}
    except McuzooError as error:
        emit({"stage": name, "ok": False, "reason": reason(error)})
        return None
    except Exception as error:  # a fault of mcuzoo is a finding, too
        emit({"stage": name, "ok": False, "reason": f"FAULT {type(error).__name__}: {error}"})
        return None
    emit({"stage": name, **found})
    return result


def emit(document: Facts) -> None:
    print(json.dumps(document), flush=True)


def reason(error: McuzooError) -> str:
    """The first line of what a user would see."""
    return error.message.splitlines()[0][:MAX_REASON]


def inspected(model: Model) -> Facts:
    facts = inspect_model(model)
    return {
        "macs": facts.macs,
        "params": facts.params,
        "bytes": facts.bytes,
        "sha256": facts.sha256,
        "input": [[*item.shape, item.dtype] for item in facts.inputs],
        "output": [[*item.shape, item.dtype] for item in facts.outputs],
        "runs": {item.runtime: item.reason or True for item in facts.runtimes},
    }


def fit_on(model: Model, board: str, runtime: str) -> Facts:
    options = MemoryOptions(runtime=runtime, project="cmake")
    report = fit_model(model, load_board(board), options)
    if report.uncovered:
        gap = report.uncovered[0]
        return {"ok": False, "reason": f"op {gap.op.index} {gap.op.name}: {gap.reason}"}
    over = [region for region in report.regions if not region.fits]
    why = "; ".join(f"{item.region} needs {item.used_bytes:,} of {item.size_bytes:,} bytes"
                    for item in over)  # fmt: skip
    return {
        "ok": report.fits,
        "arena_bytes": report.arena_bytes,
        "arena_region": report.placement.arena_region,
        **({} if report.fits else {"reason": why}),
    }


def draw(shape: tuple[int, ...], count: int) -> Tensors:
    """int8 of `shape`, always the same: both ends, noise, then coarse patches like a picture's."""
    random = np.random.default_rng(SEED)
    return [tensor for tensor, _ in zip(_drawn(shape, random), range(count))]  # noqa: B905


def _drawn(shape: tuple[int, ...], random: np.random.Generator) -> Iterator[NDArray[np.int8]]:
    yield random.integers(-128, 128, shape, dtype=np.int8)
    yield _patches(shape, random)
    yield np.full(shape, 127, np.int8)
    yield np.full(shape, -128, np.int8)
    while True:
        yield _patches(shape, random)


def _patches(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.int8]:
    """Squares of one value per channel, with a little noise on them: contrast as in a picture."""
    coarse = tuple(-(-size // 8) if size > 8 else size for size in shape)
    values: NDArray[np.int16] = random.integers(-128, 128, coarse, dtype=np.int16)
    for axis, (size, few) in enumerate(zip(shape, coarse, strict=True)):
        values = np.repeat(values, -(-size // few), axis).take(range(size), axis)
    noisy = values + random.integers(-8, 9, shape, dtype=np.int16)
    clipped: NDArray[np.int8] = np.clip(noisy, -128, 127).astype(np.int8)
    return clipped


def on_board(
    source: ModelSource, board: str, tflm: Path | None, inputs: Tensors, expected: Tensors
) -> Facts:
    how = replace(Configuration(board), tflm=tflm)
    with tempfile.TemporaryDirectory() as scratch:
        project = build(source, how, Path(scratch) / "project")
        with Session.open(f"emulator://{project.resolve()}", timing=PATIENT) as session:
            outputs = [session.infer(number, tensor).output for number, tensor in enumerate(inputs)]
            arena = session.measure_arena().used_bytes
    return {**compared(outputs, expected), "arena_bytes": arena}


def by_wheel(model: Model, count: int, expected: Tensors | None = None) -> Facts:
    engine = TflmEngine(model)
    inputs = draw(engine.program.input_tensor.shape, count)
    outputs = [engine.run(tensor) for tensor in inputs]
    return {"ran": len(outputs)} if expected is None else compared(outputs, expected)


def compared(outputs: Tensors, expected: Tensors) -> Facts:
    """How many are equal byte for byte; `varied`: whether the inputs gave different answers."""
    equal = sum(np.array_equal(a, b) for a, b in zip(outputs, expected, strict=True))
    found: Facts = {
        "equal": equal,
        "of": len(expected),
        "varied": len({tensor.tobytes() for tensor in expected}) > 1,
    }
    if equal < len(expected):
        far = max(
            int(np.abs(a.astype(np.int16) - b.astype(np.int16)).max())
            for a, b in zip(outputs, expected, strict=True)
        )
        found |= {"ok": False, "reason": f"DIFFERS: {equal} of {len(expected)}, by up to {far}"}
    return found


if __name__ == "__main__":
    sys.exit(main())
