"""What is in a file that Vela compiled, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mcuzoo.npu.inspect import End, NpuOpFacts, VelaInspection
from mcuzoo.prose import wrapped
from mcuzoo.quoting import printable

_MOST_FAULTS = 8


def vela_inspection_text(inspection: VelaInspection, width: int) -> str:
    """Vela's version, inputs and outputs, each NPU op with its NPU, memories and operations, and
    the ops of the CPU."""
    return wrapped(list(_lines(inspection)), width)


def _lines(inspection: VelaInspection) -> Iterator[str]:
    by = f"Vela {inspection.version}" if inspection.version else "a Vela that gives no version"
    yield f"{printable(inspection.name)}: {inspection.bytes:,} bytes, compiled by {by}"
    yield f"sha256 {inspection.sha256}"
    yield from _named("input", inspection.inputs)
    yield from _named("output", inspection.outputs)
    yield f"arena {inspection.arena_bytes:,} bytes, as Vela has planned it"
    for npu in inspection.npu_ops:
        yield from _npu_op(npu)
    left = Counter(printable(op.name) for op in inspection.cpu_ops)
    if left:
        listed = ", ".join(f"{count} {name}" for name, count in left.most_common())
        yield f"left to the CPU: {listed}"
    else:
        yield "left to the CPU: nothing"
    yield from (f"fault: {printable(fault)}" for fault in inspection.faults[:_MOST_FAULTS])
    yield "mcuzoo verify MODEL --vela FILE says whether it computes what MODEL says"


def _named(role: str, ends: tuple[End, ...]) -> Iterator[str]:
    yield from (f"{role}: {_end(end)}" for end in ends)


def _end(end: End) -> str:
    shape = "x".join(str(size) for size in end.shape)
    return f"{printable(end.name)} {end.dtype} {shape}"


def _npu_op(npu: NpuOpFacts) -> Iterator[str]:
    chip = npu.accelerator or "an NPU that it does not name"
    version = f", architecture {npu.architecture}" if npu.architecture else ""
    yield f"op {npu.index} for {chip}{version}"
    yield (
        f"  commands {npu.stream_bytes:,} bytes, constants {npu.constant_bytes:,}, scratch "
        f"{npu.scratch_bytes:,}, fast scratch {npu.fast_bytes:,}"
    )
    listed = ", ".join(f"{count} {kind}" for kind, count in npu.operations.items())
    copied = f"; DMA copies {npu.dma_bytes:,} bytes" if npu.dma_bytes else ""
    yield f"  operations: {listed or 'none'}{copied}"
    yield from (f"  fault: {printable(fault)}" for fault in npu.faults[:_MOST_FAULTS])
    if len(npu.faults) > _MOST_FAULTS:
        yield f"  and {len(npu.faults) - _MOST_FAULTS} more faults: see --json"
