"""An operator is whole, or the table of operators does not come to be."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pytest

from mcuzoo.graph.model import Op
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import KernelParams, RowWindow, Shape, not_by_rows, once
from mcuzoo.ops.operator import Aot, Folded, Operator, Rewrite, Tflm, Weights
from mcuzoo.ops.table import OPERATORS, by_name, computed
from mcuzoo.resources import firmware_dir

ADD: Any = OPERATORS["ADD"]
CONV: Any = OPERATORS["CONV_2D"]
RESHAPE: Any = OPERATORS["RESHAPE"]
PARTS: list[tuple[Any, str]] = [
    (part, field.name)
    for part in (ADD, ADD.aot, RESHAPE.aot, ADD.tflm, CONV.rewrite, CONV.rewrite.weights)
    for field in fields(part)
]


@pytest.mark.parametrize(
    ("part", "name"), PARTS, ids=[f"{type(part).__name__}.{name}" for part, name in PARTS]
)
def test_every_part_must_be_said(part: Any, name: str) -> None:
    said = {field.name: getattr(part, field.name) for field in fields(part)}
    assert type(part)(**said) == part
    del said[name]
    with pytest.raises(TypeError, match=f"'{name}'"):
        type(part)(**said)


def test_the_parts_are_all_there_are() -> None:
    assert {type(part) for part, _ in PARTS} == {Operator, Aot, Folded, Tflm, Rewrite, Weights}


def test_a_computed_operator_has_a_kernel() -> None:
    assert isinstance(ADD.aot, Aot)
    with pytest.raises(ValueError, match="needs a kernel"):
        replace(ADD.aot, variants=())


def test_an_operator_is_in_the_table_once() -> None:
    assert by_name([CONV, ADD]) == {"ADD": ADD, "CONV_2D": CONV}
    with pytest.raises(ValueError, match="ADD is there twice"):
        by_name([ADD, CONV, ADD])


def test_an_operator_is_found_under_its_own_name() -> None:
    assert all(name == operator.name for name, operator in OPERATORS.items())
    assert list(OPERATORS) == sorted(OPERATORS)


def test_every_kernel_is_in_the_firmware() -> None:
    computing = [operator.aot for operator in OPERATORS.values() if isinstance(operator.aot, Aot)]
    kernels = {variant.kernel for aot in computing for variant in aot.variants}
    assert len(kernels) > 10
    for kernel in kernels:
        assert (firmware_dir() / "kernels" / f"{kernel}.c").is_file()


def test_what_is_folded_is_not_computed() -> None:
    with pytest.raises(ValueError, match="does not compute RESHAPE"):
        computed(Op(0, "RESHAPE", 1, (0,), (1,)))


def test_a_kernel_says_how_often_it_reads_its_constants() -> None:
    with pytest.raises(TypeError, match=r"Forgetful does not say its passes$"):

        class Forgetful(KernelParams):
            by_rows = not_by_rows


def test_a_kernel_says_how_it_takes_rows() -> None:
    with pytest.raises(TypeError, match=r"Forgetful does not say its by_rows$"):

        class Forgetful(KernelParams):
            passes = once

    with pytest.raises(TypeError, match="its passes and its by_rows"):

        class MoreForgetful(KernelParams):
            pass


def test_what_a_kernel_says_is_inherited() -> None:
    @dataclass(frozen=True)
    class Said(KernelParams):
        passes = once

        def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
            return RowWindow(source[1], 1, 0, ())

    class Heir(Said):
        pass

    image = (1, 5, 5, 1)
    window = Heir().by_rows(Op(0, "ADD", 1, (), ()), image, image)
    assert window is not None and window.window == 5
    assert Heir().passes(Constant("weights", np.zeros(3, np.int8), ())) == 1
