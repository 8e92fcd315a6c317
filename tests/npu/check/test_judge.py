"""Judgement without images, on what Vela makes of the bundled model, and on faults put into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.small_net import small_net
from helpers.tflite_builder import depthwise_model
from npu_mutations import Mutations, sampled

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.extras import VELA, missing_packages
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.npu.check.judge import judge_exhaustively
from mcuzoo.npu.check.values import Values
from mcuzoo.npu.file import NpuOp, VelaFile, parse_vela
from mcuzoo.npu.findings import Finding
from mcuzoo.npu.registers import Cmd0, Cmd1
from mcuzoo.npu.stream import Command
from mcuzoo.npu.vela import compile_vela
from mcuzoo.zoo.registry import load_named_model

pytestmark = pytest.mark.skipif(bool(missing_packages([VELA])), reason="without ethos-u-vela")


def compiled(model: Model) -> VelaFile:
    board = load_any_board("imx93")
    assert isinstance(board, LinuxBoard)
    return parse_vela(compile_vela(model, board).raw, model.name)


@pytest.fixture(scope="module")
def signs() -> tuple[Model, VelaFile, Values]:
    model = load_named_model("signs")
    return model, compiled(model), Values(model)


@pytest.fixture(scope="module")
def small() -> tuple[Model, VelaFile, Values]:
    """Every kind of op, and so small that it is judged in no time."""
    model = parse_model(small_net(), "small")
    return model, compiled(model), Values(model)


Judgeable = tuple[Model, VelaFile, Values]


def test_all_constants_of_signs_are_compared_and_nothing_is_wrong(signs: Judgeable) -> None:
    judged = judge_exhaustively(*signs)
    assert judged.findings == ()
    assert judged.unproven == ()
    assert (judged.counts.weights, judged.counts.scales) == (211_696, 2_752)
    assert judged.counts.addresses > 2 * judged.counts.operations > 100
    assert judged.counts.waits > 100


def commands(change: Callable[[list[Command]], list[Command]]) -> Callable[[NpuOp], NpuOp]:
    def changed(npu: NpuOp) -> NpuOp:
        own = change(list(npu.stream.commands))
        assert own != list(npu.stream.commands)
        return replace(npu, stream=replace(npu.stream, commands=tuple(own)))

    return changed


def set_to(code: Cmd0 | Cmd1, nth: int, value: int) -> Callable[[NpuOp], NpuOp]:
    """The nth command of this code, or from the end, with another value."""

    def change(own: list[Command]) -> list[Command]:
        at = [index for index, one in enumerate(own) if one.code == code][nth]
        if isinstance(code, Cmd1):
            own[at] = replace(own[at], payload=value)
        else:
            own[at] = replace(own[at], param=value & 0xFFFF)
        return own

    return commands(change)


def all_set_to(code: Cmd0, value: int) -> Callable[[NpuOp], NpuOp]:
    return commands(
        lambda own: [replace(one, param=value) if one.code == code else one for one in own]
    )


def without(*codes: Cmd0) -> Callable[[NpuOp], NpuOp]:
    return commands(lambda own: [one for one in own if one.code not in codes])


def flipped(offset: int, bit: int = 0) -> Callable[[NpuOp], NpuOp]:
    """A bit of the biases, multipliers and shifts (or what is behind them) of the last layer."""

    def change(npu: NpuOp) -> NpuOp:
        bases = [one.value for one in npu.stream.commands if one.code == Cmd1.SET_SCALE_BASE]
        starts = [one.value for one in npu.stream.commands if one.code == Cmd1.SET_WEIGHT_BASE]
        start = starts[0] if offset < 0 else bases[0]
        constants = bytearray(npu.constants)
        constants[start + abs(offset)] ^= 1 << bit
        return replace(npu, constants=bytes(constants))

    return change


FAULTS = {
    "weight": (flipped(-20, 3), "weight", "0 CONV_2D"),
    "bias": (flipped(2), "scale", "0 CONV_2D"),
    "multiplier": (flipped(6), "scale", "0 CONV_2D"),
    "shift": (flipped(9), "scale", "0 CONV_2D"),
    "bits that no NPU reads": (flipped(9, 7), "scale", "0 CONV_2D"),
    "no wait for copies": (without(Cmd0.OP_DMA_WAIT), "wait", None),
    "blocks that overlap": (all_set_to(Cmd0.SET_BLOCKDEP, 3), "wait", None),
    "zero point": (set_to(Cmd0.SET_IFM_ZERO_POINT, 0, 5), "arithmetic", "0 CONV_2D"),
    "output clamped": (set_to(Cmd0.SET_ACTIVATION_MAX, 0, 100), "arithmetic", "0 CONV_2D"),
    "output outside": (set_to(Cmd1.SET_OFM_BASE0, 0, 1 << 30), "address", "0 CONV_2D"),
    "output over constants": (set_to(Cmd0.SET_OFM_REGION, 0, 0), "address", "0 CONV_2D"),
    "padding": (set_to(Cmd0.SET_IFM_PAD_BOTTOM, 0, 0), None, "0 CONV_2D"),
    "blocks that are no micro-blocks": (
        set_to(Cmd0.SET_OFM_BLK_WIDTH_M1, 0, 2),
        "address",
        "0 CONV_2D",
    ),
    "too few banks": (set_to(Cmd0.SET_IFM_IB_END, 0, 3), "address", "0 CONV_2D"),
    "nothing sets the rows": (without(Cmd0.SET_OFM_HEIGHT_M1), "file", None),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_with_its_layer_and_kind(small: Judgeable, name: str) -> None:
    change, kind, layer = FAULTS[name]
    found = judged_with(small, change)
    assert found
    assert kind is None or kind in {finding.kind for finding in found}
    assert layer is None or layer in {finding.name for finding in found}
    assert all(finding.expected and finding.found and finding.where for finding in found)


def judged_with(given: Judgeable, change: Callable[[NpuOp], NpuOp]) -> tuple[Finding, ...]:
    model, vela, values = given
    changed = replace(vela, npu_ops=(change(vela.npu_ops[0]),))
    return judge_exhaustively(model, changed, values).findings


def test_a_file_of_another_model_has_its_first_layer_wrong(signs: Judgeable) -> None:
    model, vela, _ = signs
    op = model.ops[0]
    weights = model.tensor(op.inputs[1])
    assert weights.data is not None
    data = weights.data.copy()
    data[3, 1, 1, 2] ^= 1
    tensors = list(model.tensors)
    tensors[weights.index] = replace(weights, data=data)
    found = judge_exhaustively(replace(model, tensors=tuple(tensors)), vela).findings
    assert [(one.layer, one.kind) for one in found] == [(0, "weight")]
    assert found[0].where.endswith("output channel 3, row 1, column 1, input channel 2")
    assert found[0].expected == str(int(data[3, 1, 1, 2]))


def multiplied(weights: np.ndarray[tuple[int, ...], np.dtype[np.int8]]) -> Model:
    """A DEPTHWISE_CONV_2D that makes two channels of each, of which Vela makes an operation for the
    even and one for the odd ones. By its RELU most values are the least there is."""
    raw = depthwise_model(
        (1, 4, 6, 4),
        weights,
        np.arange(8, dtype=np.int32),
        dilation=(1, 3),
        activation="RELU",
        input_scale=1.0,
        output_scale=0.2,
        output_zero_point=97,
    )
    return parse_model(raw, "multiplied")


WEIGHTS = np.random.default_rng(0).integers(-127, 128, (1, 1, 2, 8)).astype(np.int8)


@pytest.mark.parametrize("weights", [WEIGHTS, np.full((1, 1, 2, 8), 7, np.int8)])
def test_every_other_channel_is_compared_with_its_own_weights(
    weights: np.ndarray[tuple[int, ...], np.dtype[np.int8]],
) -> None:
    model = multiplied(weights)
    judged = judge_exhaustively(model, compiled(model))
    assert judged.findings == ()
    assert judged.unproven == ()
    assert (judged.counts.weights, judged.counts.scales) == (16, 8)


@pytest.mark.parametrize("channel", [2, 5])
def test_a_wrong_weight_of_every_other_channel_is_named(channel: int) -> None:
    other = WEIGHTS.copy()
    other[0, 0, 1, channel] ^= 1
    found = judge_exhaustively(multiplied(other), compiled(multiplied(WEIGHTS))).findings
    weight = next(one for one in found if one.kind == "weight")
    assert f"output channel {channel}, row 0, column " in weight.where
    assert weight.expected == str(other[0, 0, 1, channel])
    assert weight.found.startswith(f"{WEIGHTS[0, 0, 1, channel]}; 1 of ")


def test_a_few_flipped_bits_are_found_or_harmless(small: Judgeable) -> None:
    model, vela, _ = small
    outcomes = list(sampled(Mutations(model, vela), data=10, registers=10, seed=3))
    assert not [one for one in outcomes if one.verdict == "missed"]


@pytest.mark.full
def test_flipped_bits_are_found_or_harmless(signs: Judgeable) -> None:
    model, vela, _ = signs
    outcomes = list(sampled(Mutations(model, vela), data=10, registers=20, seed=4))
    missed = [one for one in outcomes if one.verdict == "missed"]
    assert not [one for one in missed if "constants" in one.place]
    assert len(missed) <= 1
    assert sum(one.verdict == "found" for one in outcomes) > 20


@pytest.mark.full
@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("mobilenet_v1_0.25_128_quant_int8", 463_856),
        ("derived_deepface_emotion_int8io", 1_483_328),
    ],
)
def test_all_constants_of_published_models(test_data: Path, name: str, weights: int) -> None:
    model = load_model(test_data / "models" / f"{name}.tflite")
    judged = judge_exhaustively(model, compiled(model))
    assert judged.findings == ()
    assert judged.unproven == ()
    assert judged.counts.weights == weights
