"""Judgement (a): all that can be said of a compiled file and its source model without images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcuzoo.graph.model import Model, Op
from mcuzoo.npu.check.constants import source_weights
from mcuzoo.npu.check.names import Names
from mcuzoo.npu.check.notes import Progress
from mcuzoo.npu.check.replay import MOST_BYTES, Replay
from mcuzoo.npu.check.values import RENAMES, WEIGHTED, Values
from mcuzoo.npu.decode import decode_operations
from mcuzoo.npu.file import VelaFile
from mcuzoo.npu.findings import TO_MCUZOO, Counts, Finding, Judged
from mcuzoo.npu.operations import Wait


def judge_exhaustively(source: Model, vela: VelaFile, values: Values | None = None) -> Judged:
    """Every constant, address and wait of the compiled file; see docs/npu.md.

    Findings are in the order of the file's ops and, within one, of its command stream. values: of
    `source`, where many files of one model are judged.
    """
    values, progress = values or Values(source), Progress()
    values.restart()
    names = Names(source, vela.model)
    findings = [_of_file(None, fault) for fault in vela.faults]
    unproven: list[str] = []
    counts = Counts()
    for op in vela.model.ops:
        npu_op = vela.npu_op(op.index)
        if npu_op is None:
            findings += _on_cpu(op, vela.model, values, progress, names)
            continue
        decoded = decode_operations(npu_op.stream)
        findings += [
            _of_file(op, f"word {fault.word}: {fault.what}")
            for fault in (*npu_op.stream.faults, *decoded.faults)
        ]
        size = len(npu_op.constants) + npu_op.scratch_bytes + npu_op.fast_bytes
        if size > MOST_BYTES:
            what = f"{size:,} bytes of memory; mcuzoo judges {MOST_BYTES:,}"
            findings.append(replace(_of_file(op, what), report_to=TO_MCUZOO))
            continue
        replay = Replay(npu_op, values, progress, names)
        replay.run()
        findings += replay.notes.findings
        unproven += replay.notes.unproven
        counts += Counts(
            operations=sum(not isinstance(one, Wait) for one in decoded.operations),
            addresses=replay.flow.ranges,
            waits=replay.waits.pairs,
        )
    missing = [op for op in source.ops if op.name in WEIGHTED and op.index not in progress.done]
    if missing and not findings:
        names_of = ", ".join(f"{op.index} {op.name}" for op in missing)
        findings.append(
            replace(
                _of_file(None, ""),
                layer=missing[0].index,
                operator=missing[0].name,
                where="the whole file",
                expected=f"{names_of} on the NPU or the CPU",
                found="neither",
            )
        )
    for op in source.ops:
        weights = source_weights(source, op) if op.name in WEIGHTED else None
        compared = len(progress.compared.get(op.index, ()))
        if weights is not None and op.index in progress.done and compared < len(weights):
            unproven.append(
                f"Layer {op.index} {op.name}: weights of {compared} of {len(weights)} output "
                "channels were compared one by one, the others by what they compute."
            )
    counts += Counts(weights=progress.weights, scales=progress.scales)
    return Judged(tuple(findings), counts, tuple(unproven))


def _of_file(op: Op | None, what: str) -> Finding:
    return Finding(
        judgement="exhaustive",
        layer=None,
        operator="",
        kind="file",
        where="the file" if op is None else f"ethos-u op {op.index}",
        expected="what driver and NPU take",
        found=what,
    )


def _on_cpu(
    op: Op, compiled: Model, values: Values, progress: Progress, names: Names
) -> list[Finding]:
    """An operator that was left to the CPU: the source model's, with its constants."""
    outputs = [names.source(compiled.tensor(index)) for index in op.outputs]
    own = next((values.writer[one] for one in outputs if one in values.writer), None)
    for output in outputs:
        if output is not None:
            values.draw(output)
    if own is None or own.name != op.name or own.name in RENAMES:
        return []
    progress.done.add(own.index)
    found = []
    for index, other in zip(own.inputs, op.inputs, strict=False):
        if -1 in (index, other):
            continue
        data, held = values.source.tensor(index).data, compiled.tensor(other).data
        if data is None or (
            held is not None and np.array_equal(data.reshape(-1), held.reshape(-1))
        ):
            continue
        where = f"op {op.index} on the CPU, tensor {other}"
        found.append(
            Finding(
                "exhaustive", own.index, own.name, "weight", where, "the source model's", "others"
            )
        )
    if own.name in WEIGHTED and not found:
        weights = source_weights(values.source, own)
        if weights is not None:
            progress.weights += int(weights.size)
            progress.compared[own.index] = set(range(len(weights)))
    return found
