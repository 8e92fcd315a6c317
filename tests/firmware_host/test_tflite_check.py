"""What a board with a universal firmware checks of a .tflite file: sanitized, beside the host."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from helpers.examples import examples
from helpers.host_firmware import TESTS, WARNINGS, find_host_compiler, sanitizer_flags
from helpers.objects import compile_c
from helpers.small_net import small_net
from helpers.uint8_models import uint8_net
from helpers.upload_cases import SOUND, WRONG, Spec, changed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcuzoo.codegen.tflm.registration import REGISTRABLE, UNCHECKED
from mcuzoo.errors import ModelError
from mcuzoo.graph.model import Model, Tensor
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.ops.coverage import TFLM_OPS
from mcuzoo.plan.tflm.image import HeadPlan, prepare_image
from mcuzoo.resources import firmware_dir
from mcuzoo.zoo.registry import resolve_model

SMALL = prepare_image(parse_model(small_net(), "small"), "cmsis-nn", "offline").model.raw
SOURCES = (
    "mz_tflite.c", "mz_tflite_flow.c", "mz_tflite_ops.c", "mz_tflite_tensor.c", "mz_flatbuffer.c",
)  # fmt: skip
WORDS = [0, 1, 2, 4, 0x7F, 0xFFFF, 0x10000, 1 << 28, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF]


class Checker:
    """The board's check as a process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def __call__(self, file: bytes) -> str:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(struct.pack("<I", len(file)) + file)
        self._process.stdin.flush()
        line = self._process.stdout.readline().decode("utf-8", "replace").rstrip("\n")
        assert line, "a sanitizer ended it; its report is on stderr"
        return line


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checker]:
    executable = tmp_path_factory.mktemp("tflite") / "harness"
    firmware, compiler = firmware_dir(), find_host_compiler()
    compile_c([
        *compiler, *WARNINGS, "-O1", *sanitizer_flags(compiler), f"-I{firmware}",
        *(str(firmware / "runtime/tflm" / name) for name in SOURCES),
        str(TESTS / "firmware_host/tflite_harness.c"), "-o", str(executable),
    ])  # fmt: skip
    with subprocess.Popen([executable], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Checker(process)
        process.communicate()
    assert process.returncode == 0


def expected(model: Model) -> str:
    """The harness's line for a sound model, from what the host reads."""
    ops = ((op.outputs[0], model.tensor(op.outputs[0]).bytes) for op in model.ops)
    return "|".join(
        (
            f"yes|{len(model.ops)}",
            end(model.tensor(model.inputs[0])),
            end(model.tensor(model.outputs[0])),
            ",".join(f"{tensor}:{size}" for tensor, size in ops),
        )
    )


def end(tensor: Tensor) -> str:
    assert tensor.quantization
    scale = f"{np.float32(tensor.quantization.scale):.9g}"
    shape = ",".join(map(str, tensor.shape))
    return f"{tensor.name}|{tensor.bytes}|{scale}|{tensor.quantization.zero_point}|{shape}"


@pytest.mark.parametrize("plan", ["offline", "greedy"])
def test_what_the_host_prepares_is_sound(check: Checker, plan: HeadPlan) -> None:
    for model in (parse_model(small_net(3), "small"), load_model(resolve_model("signs").path)):
        image = prepare_image(model, "cmsis-nn", plan).model
        assert check(image.raw) == expected(image)


def test_published_models(check: Checker, test_data: object) -> None:
    for path in sorted((test_data / "models").glob("*int8*.tflite")):  # type: ignore[operator]
        image = prepare_image(load_model(path), "cmsis-nn").model
        assert check(image.raw) == expected(image)


def test_a_cut_file_is_refused_at_every_length(check: Checker) -> None:
    for length in range(len(SMALL) - 16):
        assert check(SMALL[:length]).startswith("no|"), length


changes = st.lists(
    st.tuples(
        st.integers(0, len(SMALL) // 4 - 1),
        st.sampled_from(WORDS) | st.integers(0, len(SMALL)) | st.integers(0, 2**32 - 1),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=examples(1500), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes)
def test_damage_is_seen_or_changes_nothing_that_is_followed(
    check: Checker, damage: list[tuple[int, int]]
) -> None:
    raw = bytearray(SMALL)
    for position, word in damage:
        raw[4 * position : 4 * position + 4] = struct.pack("<I", word)
    said = check(bytes(raw))
    if said.startswith("yes"):
        try:
            model = parse_model(bytes(raw), "damaged")
        except ModelError:
            return  # the host is stricter: order of ops, finite scales, ...
        if all(
            tensor.quantization for tensor in map(model.tensor, (*model.inputs, *model.outputs))
        ):
            assert said.split("|")[1] == str(len(model.ops))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "no|no TFLite model: too short or too long||0"),
        (b"\x20\0\0\0TFL2" + bytes(100), "no|no TFLite model: the mark TFL3 is missing||0"),
        (
            uint8_net(),
            "no|is uint8, which TFLite-Micro dropped: mcuzoo convert makes it int8|tensor|0",
        ),
        (small_net(), "no|is float32: the model must be quantized to int8|tensor|16"),
    ],
    ids=["empty", "mark", "uint8", "float"],
)
def test_words(check: Checker, raw: bytes, said: str) -> None:
    assert check(raw) == said


def test_a_plan_for_other_tensors_is_refused(check: Checker) -> None:
    count = len(parse_model(SMALL, "small").tensors)
    head = struct.pack("<3I", 1, 0, count)
    assert SMALL.count(head) == 1
    for wrong in (0, count - 1, count + 1, 2**31, 2**32 - 1):
        said = check(SMALL.replace(head, struct.pack("<3I", 1, 0, wrong)))
        assert "memory plan of another number of tensors|metadata" in said


def test_a_vtable_of_odd_size_is_damage(check: Checker) -> None:
    """FlatBuffers reads a last field there that this reader does not see."""
    raw = bytearray(SOUND["RELU"].raw)
    found = 0
    for at in range(8, len(raw) - 4, 2):
        size = int.from_bytes(raw[at : at + 2], "little")
        if size in (6, 8, 10, 12) and raw[at + 2] >= 4 and raw[at + 3] == 0:
            odd = bytes(raw[:at]) + bytes([size - 1]) + bytes(raw[at + 1 :])
            found += check(odd) != check(bytes(raw))
    assert found > 3


def test_every_operator_that_can_be_linked_has_a_rule(check: Checker) -> None:
    assert {*SOUND, "DEQUANTIZE"} == {*REGISTRABLE}
    assert {*TFLM_OPS} == {*REGISTRABLE} | UNCHECKED
    for name, spec in SOUND.items():
        assert check(spec.raw).startswith("yes|1|"), name


@pytest.mark.parametrize(("spec", "says"), [case[1:] for case in WRONG], ids=[c[0] for c in WRONG])
def test_what_tflm_could_not_bear(check: Checker, spec: Spec, says: str) -> None:
    said = check(spec.raw)
    assert said.startswith("no|")
    assert re.search(says, said), said


def test_a_change_is_refused_or_sound(check: Checker) -> None:
    """Nothing breaks the check. What it lets through is run in tests/sdk."""
    random = Random(1)
    said = [check(changed(random).raw)[:3] for _ in range(1500)]
    assert said.count("yes") > 100
