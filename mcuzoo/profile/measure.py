"""Profile a model on a board and compare each layer with the host reference."""

from __future__ import annotations

import zlib
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import ProtocolError
from mcuzoo.graph.count import count_macs
from mcuzoo.graph.model import Model
from mcuzoo.link.hello import Hello
from mcuzoo.link.inference import KernelRecord, Profile
from mcuzoo.profile.layers import Layer, ModelProfile


class ProfilingSession(Protocol):
    """The part of a link session that a profile takes; `mcuzoo.link.session.Session` is one."""

    def hello(self) -> Hello: ...

    def profile(self, image_id: int, tensor: NDArray[np.int8]) -> Profile: ...


def profile_model(
    session: ProfilingSession,
    model: Model,
    tensor: NDArray[np.int8],
    engine: ReferenceEngine | None,
    *,
    image_id: int = 0,
    name: str | None = None,
    input_name: str = "",
) -> ModelProfile:
    """Run `tensor`, int8 of the input's size, on a board that holds `model`.

    `engine` is that of the same model; None compares nothing. `name` and `input_name` are what the
    reader knows model and input by.
    Raises what the session raises, and ProtocolError when the records are not of this model.
    """
    profile = session.profile(image_id, tensor)
    hello = session.hello()
    crcs: dict[int, int] = {}
    output_equal = None
    if engine is not None:
        outputs = engine.run_ops(tensor)
        crcs = {op: zlib.crc32(output.tobytes()) for op, output in outputs.items()}
        output_equal = np.array_equal(profile.inference.output, outputs[engine.output_op].ravel())
    return ModelProfile(
        model=model.name if name is None else name,
        board=hello.board,
        agent=hello.agent,
        unit=hello.count_unit,
        runtime=hello.runtime,
        toolchain=hello.toolchain,
        build_id=hello.build_id,
        core_clock_hz=hello.core_clock_hz,
        input=input_name,
        total=profile.inference.cycles,
        layers=tuple(_layer(model, record, crcs) for record in profile.records),
        output_equal=output_equal,
    )


def _layer(model: Model, record: KernelRecord, crcs: dict[int, int]) -> Layer:
    if not record.first_op <= record.last_op < len(model.ops):
        raise ProtocolError(
            f"The board profiled ops {record.first_op} to {record.last_op} of a model of "
            f"{len(model.ops)}.",
            "The firmware is not sound: export, build and flash it again.",
        )
    ops = model.ops[record.first_op : record.last_op + 1]
    output = model.tensor(ops[-1].outputs[0])
    if record.output_bytes not in (0, output.bytes):
        raise ProtocolError(
            f"The board's output of op {record.last_op} {ops[-1].name} has {record.output_bytes} "
            f"bytes, the model's has {output.bytes}.",
            "The firmware is not sound: export, build and flash it again.",
        )
    return Layer(
        first_op=record.first_op,
        last_op=record.last_op,
        name="+".join(op.name for op in ops),
        tensor=output.name,
        shape=output.shape,
        macs=sum(count_macs(model, op) for op in ops),
        count=record.cycles,
        output_bytes=record.output_bytes,
        output_crc32=record.output_crc32,
        expected_crc32=crcs.get(record.last_op),
    )
