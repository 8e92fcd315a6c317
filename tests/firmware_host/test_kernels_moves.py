"""Operators that move bytes equal TFLM byte for byte: their reference in NumPy, their kernels, and
the kernels where the output lies over the input as near as they allow."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
from helpers import move_cases as cases
from helpers.core_kernels import CoreKernels, link_kernels
from helpers.engines import random_inputs, wheel
from helpers.examples import examples
from helpers.host_kernels import HostKernels
from helpers.kernel_library import KernelRunner, build_kernel_library, marshal
from helpers.one_op_nets import int8, int32, one_op, sound_nets
from helpers.op_cases import concatenations
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from mcuzoo.codegen.aot.arena import arena_offset
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import UnsupportedOpError
from mcuzoo.graph.executable import executable
from mcuzoo.graph.model import Model
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.lowering.alignment import align_up
from mcuzoo.lowering.call import Activation
from mcuzoo.lowering.constant import Constant
from mcuzoo.ops.coverage import check_tflm
from mcuzoo.ops.lower import lower
from mcuzoo.plan.arena.calls import call_lives, call_shares
from mcuzoo.plan.arena.check import violations
from mcuzoo.plan.arena.fusion import fuse_and_plan

SETTINGS = settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build_kernel_library(tmp_path_factory.mktemp("kernels"))


def runner_of(kernels: ctypes.CDLL, model: Model) -> KernelRunner:
    try:
        return KernelRunner(kernels, build_program(model))
    except UnsupportedOpError as error:
        words = ("precision", "overflow", "large", "computes nothing")
        if any(word in error.message for word in words):
            reject()  # TFLM reads beyond the image, its sums leave 32 bits, or nothing is moved
        raise


@pytest.mark.parametrize("kind", cases.MOVES)
def test_equals_tflm(kernels: ctypes.CDLL, kind: str) -> None:
    @SETTINGS
    @given(cases.MOVES[kind], cases.SEEDS)
    def check(raw: bytes, seed: int) -> None:
        model = parse_model(raw, "case")
        runner = runner_of(kernels, model)
        theirs, ours = wheel(raw), ReferenceEngine(model)
        for values in random_inputs(runner.program.input_tensor.shape, seed, 2):
            expected = theirs(values)
            np.testing.assert_array_equal(ours.run(values), expected)
            np.testing.assert_array_equal(runner.run(values), expected)

    check()


@pytest.mark.parametrize("kind", cases.MOVES)
def test_output_over_input(kernels: ctypes.CDLL, kind: str) -> None:
    """As near as declared, and a little further away."""
    host = HostKernels(kernels)

    @SETTINGS
    @given(cases.MOVES[kind], cases.SEEDS, st.integers(0, 20))
    def check(raw: bytes, seed: int, further: int) -> None:
        runner = runner_of(kernels, parse_model(raw, "case"))
        program = runner.program
        for call in runner.calls:
            if len(call.inputs) != 1 or not call.overlaps or call.overlaps[0] is None:
                continue
            if not isinstance(call.inputs[0], Activation):
                continue
            source = program.buffers[call.inputs[0].buffer].bytes
            target = program.buffers[call.output.buffer].bytes
            (values, *_) = random_inputs((source,), seed, 1)
            expected, _ = host.run(call, [values], target)
            for distance in (call.overlaps[0].before, call.overlaps[0].before + further):
                made = host.run_over(call, values, target, distance)
                np.testing.assert_array_equal(made, expected)

    check()


PLANNED = {**cases.MOVES, **cases.BEYOND_TFLM, "concatenation": concatenations()}


@pytest.mark.parametrize("kind", PLANNED)
def test_in_one_arena(kernels: ctypes.CDLL, kind: str) -> None:
    """As planned: over inputs, and inside other buffers."""

    @SETTINGS
    @given(PLANNED[kind], cases.SEEDS)
    def check(raw: bytes, seed: int) -> None:
        program = runner_of(kernels, parse_model(raw, "case")).program
        calls, plan = fuse_and_plan(program, lower(program))
        assert violations(plan, call_lives(program, calls), 16, call_shares(calls)) == ()
        assert plan.arena_bytes <= sum(align_up(buffer.bytes) for buffer in program.buffers)
        (values, *_) = random_inputs(program.input_tensor.shape, seed, 1)
        arena = np.zeros(plan.arena_bytes, np.int8)
        begin = plan.slot(program.input_buffer).offset
        arena[begin : begin + values.size] = values.reshape(-1)
        for call in calls:
            if not call.kernels:
                continue
            assert not call.scratch_bytes
            operands = [
                operand.values.ctypes.data
                if isinstance(operand, Constant)
                else arena.ctypes.data + arena_offset(plan, operand)
                for operand in (*call.inputs, *call.outputs)
            ]
            params = ctypes.byref(marshal(call.params))
            getattr(kernels, call.kernel)(params, *map(ctypes.c_void_p, operands))
        end = plan.slot(program.output_buffer).offset
        made = arena[end : end + program.output_tensor.elements]
        np.testing.assert_array_equal(made, ReferenceEngine(program.model).run(values))

    check()


@pytest.mark.parametrize("kind", cases.BEYOND_TFLM)
def test_equals_tflite(kernels: ctypes.CDLL, kind: str) -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter")

    @SETTINGS
    @given(cases.BEYOND_TFLM[kind], cases.SEEDS)
    def check(raw: bytes, seed: int) -> None:
        model = parse_model(raw, "case")
        runner = runner_of(kernels, model)
        interpreter = litert.Interpreter(
            model_content=raw,
            experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
        )
        interpreter.allocate_tensors()
        for values in random_inputs(runner.program.input_tensor.shape, seed, 2):
            shaped = values.reshape(model.tensor(model.inputs[0]).shape)
            interpreter.set_tensor(model.inputs[0], shaped)
            interpreter.invoke()
            expected = interpreter.get_tensor(model.outputs[0]).reshape(-1)
            np.testing.assert_array_equal(ReferenceEngine(model).run(values), expected)
            np.testing.assert_array_equal(runner.run(values), expected)

    check()


def test_padding_of_batches_is_refused_for_tflm() -> None:
    """It fills it with any value."""

    @SETTINGS
    @given(cases.BEYOND_TFLM["padded batch"])
    def check(raw: bytes) -> None:
        model = parse_model(raw, "case")
        ops = [op for op in executable(model).model.ops if op.name == "SPACE_TO_BATCH_ND"]
        padded = any(np.any(model.tensor(op.inputs[2]).data) for op in ops)
        assert bool(check_tflm(model)) == padded

    check()


def test_tables_are_read_as_often_as_declared(tmp_path: Path) -> None:
    core = CoreKernels(link_kernels(tmp_path, "gcc"))
    raw = one_op("RESIZE_NEAREST_NEIGHBOR", [int8(1, 6, 6, 4), int32([12, 12])], int8(1, 12, 12, 4))
    program = build_program(parse_model(raw, "nearest"))
    (call,) = lower(program)
    loaded = core.loads(call, [np.zeros(144, np.int8)], 576)
    ((places, passes),) = call.constant_passes()
    assert passes == -(-loaded[places.symbol] // places.bytes) == 7


def test_weights_are_read_as_often_as_declared(tmp_path: Path) -> None:
    """By windows over the edge less often."""
    core = CoreKernels(link_kernels(tmp_path, "gcc"))
    program = build_program(parse_model(sound_nets()["transpose conv"], "turned"))
    (call,) = lower(program)
    loaded = core.loads(call, [np.zeros(144, np.int8)], 576)
    for constant, passes in call.constant_passes():
        assert 0.8 * passes <= loaded[constant.symbol] / constant.bytes <= 1.3 * passes
