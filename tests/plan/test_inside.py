"""What CONCATENATION would copy is made inside its output, and what SPLIT would copy stays in its
input, where that costs no memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import op_cases as cases
from helpers import tflite_builder as build
from helpers.engines import random_inputs
from helpers.examples import examples
from helpers.generated_model import build_model
from helpers.host_firmware import find_host_compiler, sanitizer_flags
from helpers.kernel_library import oracle
from hypothesis import assume, given, settings

from mcuzoo.codegen.aot.emit import render_model
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.lowering.call import Call, Omitted
from mcuzoo.lowering.rows import chain_rows
from mcuzoo.ops.lower import lower
from mcuzoo.plan.arena.calls import call_lives, call_shares
from mcuzoo.plan.arena.check import violations
from mcuzoo.plan.arena.fusion import fuse_and_plan, plan_calls
from mcuzoo.plan.arena.inside import without_copy


def planned(raw: bytes) -> tuple[tuple[Call, ...], int, int]:
    """The calls, the arena, and the arena were everything copied."""
    program = build_program(parse_model(raw, "case"))
    calls, plan = fuse_and_plan(program, lower(program))
    return calls, plan.arena_bytes, plan_calls(program, lower(program)).arena_bytes


def omitted(calls: tuple[Call, ...], name: str = "CONCATENATION") -> list[bool]:
    return [isinstance(call, Omitted) for call in calls if call.op.name == name]


def test_along_the_outermost_axis_nothing_is_copied() -> None:
    calls, arena, copied = planned(build.concatenation_model((1, 16, 4), [16, 32], 1))
    assert omitted(calls) == [True, True]
    assert (arena, copied) == (64 + 320, 320 + 320)


@pytest.mark.parametrize(
    ("parts", "axis", "expected"),
    [
        ([16, None], 1, [True, False]),  # the host writes the input
        ([16, np.ones((1, 16, 4), np.int8)], 1, [True, False]),
        ([4, 8, 12], 1, [True, True, True]),
        ([16, 16], 2, [False, False]),  # along an inner axis
    ],
)
def test_only_what_kernels_make_as_it_is(
    parts: list[int | np.ndarray | None], axis: int, expected: list[bool]
) -> None:
    calls, _, _ = planned(build.concatenation_model((1, 16, 4), parts, axis))
    assert omitted(calls) == expected


def test_a_part_must_be_aligned_for_its_kernel() -> None:
    calls, _, _ = planned(build.concatenation_model((1, 3), [2, 3], 1))
    assert omitted(calls) == [True, False]


def split_net(widths: list[int], axis: int) -> bytes:
    """RELU, then SPLIT_V; each part but the last through RELU6; all added up by CONCATENATION along
    another axis than the outermost."""
    total = [1, 4, 4, 4]
    total[axis] = sum(widths)
    shapes = []
    for width in widths:
        shape = list(total)
        shape[axis] = width
        shapes.append(tuple(shape))
    count = len(widths)
    parts = range(4, 4 + count)
    tensors = [
        build.T("image", tuple(total), scale=0.1),
        build.T("relu", tuple(total), scale=0.1),
        build.T("widths", (count,), "int32", data=np.array(widths, np.int32)),
        build.T("axis", (), "int32", data=np.array(axis, np.int32)),
        *(build.T("part", shape, scale=0.1) for shape in shapes),
        *(build.T("made", shape, scale=0.1) for shape in shapes),
        build.T("joined", tuple(total), scale=0.1),
    ]
    ops = [
        build.O("RELU", (0,), (1,)),
        build.O("SPLIT_V", (1, 2, 3), tuple(parts), {"num_splits": count}),
        *(build.O("RELU6", (part,), (part + count,)) for part in parts),
        build.O(
            "CONCATENATION", tuple(part + count for part in parts), (4 + 2 * count,), {"axis": axis}
        ),
    ]
    return build.build_model(tensors, ops, [0], [4 + 2 * count])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("widths", "axis", "expected"),
    [
        ([1, 2, 1], 1, [True, True, True]),  # runs of the input, each aligned
        ([1, 2, 1], 3, [False, False, False]),  # along an inner axis
    ],
)
def test_parts_stay_in_what_is_split(
    widths: list[int], axis: int, expected: list[bool], tmp_path: Path
) -> None:
    raw = split_net(widths, axis)
    program = build_program(parse_model(raw, "case"))
    calls, plan = fuse_and_plan(program, lower(program))
    assert omitted(calls, "SPLIT_V") == expected
    assert violations(plan, call_lives(program, calls), 16, call_shares(calls)) == ()
    flags = ["-O1", "-DWITH_ASAN", "-DMZ_SECTION(name)=", *sanitizer_flags(find_host_compiler())]
    compiled = build_model(program, plan, tmp_path, flags, calls)
    inputs = random_inputs(program.input_tensor.shape, 3)
    engine = oracle(program.model)
    np.testing.assert_array_equal(
        compiled.run(inputs), [engine.run(values).reshape(-1) for values in inputs]
    )
    outputs = ReferenceEngine(program.model).run_ops(inputs[0])
    seen = (
        op.index.to_bytes(2, "little") + outputs[op.index].tobytes() for op in program.model.ops
    )
    assert compiled.run_layers(inputs[0]) == b"".join(seen)


@pytest.mark.slow
def test_a_chain_finds_an_operand_that_stays_in_what_is_split(tmp_path: Path) -> None:
    """SPLIT_V in two; RELU6 of the first part and an addition of the second pass rows on."""
    whole, half = (1, 8, 8, 4), (1, 4, 8, 4)
    tensors = [
        *(build.T("whole", whole, scale=0.1) for _ in range(2)),
        build.T("sizes", (2,), "int32", data=np.array([4, 4], np.int32)),
        build.T("axis", (), "int32", data=np.array(1, np.int32)),
        *(build.T("half", half, scale=0.1) for _ in range(4)),
    ]
    ops = [
        build.O("RELU", (0,), (1,)),
        build.O("SPLIT_V", (1, 2, 3), (4, 5), {"num_splits": 2}),
        build.O("RELU6", (4,), (6,)),
        build.O("ADD", (6, 5), (7,)),
    ]
    program = build_program(parse_model(build.build_model(tensors, ops, [0], [7]), "case"))
    lowered = lower(program)
    chain = chain_rows(program.model, lowered[3:], [1, 1], whole=True)
    assert chain is not None and chain.stages[1].whole_side == lowered[2].output
    calls = without_copy(program, (*lowered[:3], chain), 1)
    calls = calls and without_copy(program, calls, 2)
    assert calls is not None and omitted(calls, "SPLIT_V") == [True, True]
    plan = plan_calls(program, calls)
    flags = ["-O1", "-DWITH_ASAN", "-DMZ_SECTION(name)=", *sanitizer_flags(find_host_compiler())]
    compiled = build_model(program, plan, tmp_path, flags, calls)
    inputs, engine = random_inputs(whole, 3), oracle(program.model)
    np.testing.assert_array_equal(
        compiled.run(inputs), [engine.run(values).reshape(-1) for values in inputs]
    )


@settings(max_examples=examples(60), deadline=None)
@given(cases.concatenations())
def test_a_plan_with_parts_inside_is_sound(raw: bytes) -> None:
    program = build_program(parse_model(raw, "case"))
    assume(program.steps)
    calls, plan = fuse_and_plan(program, lower(program))
    lives, shares = call_lives(program, calls), call_shares(calls)
    assert violations(plan, lives, 16, shares) == ()
    for call in calls:
        for operand in call.outputs:
            assert operand.offset < program.buffers[operand.buffer].bytes


@pytest.mark.slow
@pytest.mark.parametrize("parts", [[16, 32], [16, None, 0], [3, 1, np.ones((1, 16, 4), np.int8)]])
def test_the_generated_model_equals_tflm(
    parts: list[int | np.ndarray | None], tmp_path: Path
) -> None:
    model = parse_model(build.concatenation_model((1, 16, 4), parts, 1), "case")
    program = build_program(model)
    calls, plan = fuse_and_plan(program, lower(program))
    assert any(omitted(calls))
    flags = ["-O1", "-DWITH_ASAN", "-DMZ_SECTION(name)=", *sanitizer_flags(find_host_compiler())]
    compiled = build_model(program, plan, tmp_path, flags, calls)
    inputs = random_inputs((1, 16, 4), 3)
    expected = [oracle(model).run(values).reshape(-1) for values in inputs]
    np.testing.assert_array_equal(compiled.run(inputs), expected)
    outputs = ReferenceEngine(model).run_ops(inputs[0])
    last = model.ops[-1].index
    assert compiled.run_layers(inputs[0]).endswith(outputs[last].tobytes())


def test_the_hook_hears_of_an_op_whose_calls_are_omitted() -> None:
    program = build_program(parse_model(build.concatenation_model((1, 16, 4), [16, 32], 1), "case"))
    calls, plan = fuse_and_plan(program, lower(program))
    text = render_model(program, plan, calls=calls)["model/mz_model.c"]
    assert text.count("finish(hook, context, 2, 2,") == 1
    assert "mz_copy" not in text
