"""Compiled files run image by image: right ones pass, and a planted fault is named by its layer."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.vela_files import (
    needs_vela,
    parsed,
    pictures,
    signs_vela,
    small,
    small_vela,
    the_npu_op,
    with_constant_bit,
    with_register,
)

from mcuzoo.errors import ModelError
from mcuzoo.graph.model import Model
from mcuzoo.npu.compiled import CompiledModel
from mcuzoo.npu.findings import Finding
from mcuzoo.npu.images import judge_images
from mcuzoo.npu.match import Part, find, holds, nearest
from mcuzoo.npu.registers import Cmd0
from mcuzoo.zoo.registry import load_named_model

pytestmark = needs_vela


def signs() -> Model:
    return load_named_model("signs")


def findings(raw: bytes) -> tuple[Finding, ...]:
    return judge_images(signs(), parsed(raw), pictures(signs(), 2)).findings


def test_all_layers_of_a_right_file_are_seen() -> None:
    judged = judge_images(signs(), parsed(signs_vela()), pictures(signs(), 2))
    assert judged.findings == () and judged.unproven == ()
    assert (judged.counts.images, judged.counts.unequal) == (2, 0)
    assert judged.counts.layers == len(signs().ops) == 31


def test_a_file_with_operators_on_the_cpu() -> None:
    file = parsed(small_vela())
    assert [op.name for op in file.cpu_ops] == ["DEQUANTIZE"]
    judged = judge_images(small(), file, pictures(small(), 8))
    assert judged.findings == ()
    assert judged.counts.images == 8


@pytest.mark.parametrize(
    ("operation", "code", "param", "layer"),
    [
        (0, Cmd0.SET_ACTIVATION_MAX, 100, "0 CONV_2D"),
        (0, Cmd0.SET_IFM_ZERO_POINT, -3, "0 CONV_2D"),
        (3, Cmd0.SET_IFM_PAD_TOP, 1, "2 CONV_2D"),
    ],
)
def test_the_first_wrong_layer_is_named(operation: int, code: Cmd0, param: int, layer: str) -> None:
    (first, *_) = findings(with_register(signs_vela(), operation, code, param))
    assert (first.name, first.kind, first.judgement) == (layer, "arithmetic", "images")
    assert "2 of 2 images" in first.where
    assert first.expected != first.found


def test_an_operation_that_cannot_be_done_is_named() -> None:
    raw = with_register(signs_vela(), 0, Cmd0.SET_IFM_REGION, 4)
    (found,) = findings(raw)
    assert (found.name, found.kind) == ("0 CONV_2D", "address")
    assert found.found == "region 4 does not exist"


def test_streams_of_weights_that_end_are_named() -> None:
    """A flipped bit makes another stream, which may be no stream at all."""
    constants = the_npu_op(signs_vela()).constants
    kinds = {
        one.kind
        for offset in range(len(constants) - 3000, len(constants), 1500)
        for one in findings(with_constant_bit(signs_vela(), offset, 7))
    }
    assert kinds <= {"weight", "scale", "arithmetic"}


def test_a_file_of_another_model_is_refused() -> None:
    with pytest.raises(ModelError, match="was not compiled from signs"):
        judge_images(signs(), parsed(small_vela()), [])


def test_an_inference_leaves_nothing_behind() -> None:
    compiled = CompiledModel(parsed(signs_vela()))
    first, second = (picture.input for picture in pictures(signs(), 2))
    blocks = [block.values for block in compiled.run(first).blocks]
    compiled.run(second)
    again = [block.values for block in compiled.run(first).blocks]
    assert all(np.array_equal(one, other) for one, other in zip(blocks, again, strict=True))


def test_outputs_are_found_in_stripes_and_slices() -> None:
    output = np.random.default_rng(3).integers(-128, 128, (1, 6, 5, 32)).astype(np.int8)
    picture = output[0]
    blocks = [picture[:4, :, :16], picture[:4, :, 16:], picture[4:]]
    placement = find(output, blocks)
    assert placement is not None
    assert [part.block for part in placement] == [0, 1, 2]
    assert holds(output, blocks, placement)
    assert find(output, [block.ravel().reshape(1, 1, -1) for block in [picture]]) == (Part(0),)
    strided = [picture[row::2, column::2] for row in range(2) for column in range(2)]
    assert find(output[:, :, :4], [block[:, :2] for block in strided]) is not None
    assert find(output, blocks[:2]) is None


def test_the_nearest_block_says_what_differs() -> None:
    output = np.random.default_rng(3).integers(-128, 128, (1, 4, 4, 8)).astype(np.int8)
    wrong = output[0].copy()
    wrong[2, 1, 3] ^= 1
    found = nearest(output, [np.zeros((4, 4, 8), np.int8), wrong], [0, 1])
    assert found is not None and found.alike
    assert (found.block, found.unequal, found.place) == (1, 1, (2, 1, 3))
    assert nearest(output, [np.zeros((9, 9, 1), np.int8)], [0]) is None
