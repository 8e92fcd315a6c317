"""The plan of the model that mcuzoo is named for."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.mobilenet import mobilenet_v1

from mcuzoo.graph.model import Model
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import load_model
from mcuzoo.ops.lower import program_constant_bytes
from mcuzoo.plan.arena.check import violations
from mcuzoo.plan.arena.lifetimes import Life, lifetimes
from mcuzoo.plan.arena.planner import plan_arena

OUT_OF_PLACE_OPTIMUM_BYTES = 98_304


@pytest.fixture(scope="module")
def model() -> Model:
    return mobilenet_v1()


def test_the_arena_is_the_out_of_place_optimum(model: Model) -> None:
    lives = lifetimes(build_program(model))
    plan = plan_arena(lives)
    assert plan.arena_bytes == plan.lower_bound_bytes == OUT_OF_PLACE_OPTIMUM_BYTES
    assert violations(plan, lives, 16) == ()


def test_the_peak_is_the_second_pointwise_layer(model: Model) -> None:
    program = build_program(model)
    plan = plan_arena(lifetimes(program))
    assert program.steps[plan.peak_step].op.index == 2


def test_the_published_file_needs_the_same(test_data: Path, model: Model) -> None:
    published = build_program(
        load_model(test_data / "models" / "mobilenet_v1_0.25_128_quant_int8.tflite")
    )
    assert plan_arena(lifetimes(published)).arena_bytes == OUT_OF_PLACE_OPTIMUM_BYTES
    assert program_constant_bytes(published) == program_constant_bytes(build_program(model))


def test_reshape_shares_storage_and_the_ends_outlive_the_steps(model: Model) -> None:
    program = build_program(model)
    lives = {life.buffer: life for life in lifetimes(program)}
    assert lives[program.input_buffer] == Life(program.input_buffer, 128 * 128 * 3, -1, 0)
    assert lives[program.output_buffer].last_step == len(program.steps)
    logits = program.steps[-1].reads[0]
    assert len(program.buffers[logits].tensors) == 2
    assert lives[logits].first_step == len(program.steps) - 2


def test_ten_times_the_pixels_need_ten_times_the_arena() -> None:
    plan = plan_arena(lifetimes(build_program(mobilenet_v1(resolution=416))))
    assert plan.arena_bytes == plan.lower_bound_bytes
    assert plan.arena_bytes > 10 * OUT_OF_PLACE_OPTIMUM_BYTES
