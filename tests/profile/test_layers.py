"""What a profile says of its layers: what is wrong, and where time can be won."""

from __future__ import annotations

from dataclasses import replace

from mcuzoo.profile import Layer, ModelProfile
from mcuzoo.report.profile import profile_document


def layer(op: int, **changes: object) -> Layer:
    whole = Layer(op, op, "CONV_2D", f"t{op}", (1, 4), 100, 1000, 4, 7, 7)
    return replace(whole, **changes)  # type: ignore[arg-type]


def profile(
    *layers: Layer,
    output_equal: bool | None = True,
    agent: str = "emulator",
    unit: str = "instructions",
) -> ModelProfile:
    return ModelProfile(
        model="toy",
        board="rt1050",
        agent=agent,
        unit=unit,
        runtime="aot",
        toolchain="gcc",
        build_id="ab" * 16,
        core_clock_hz=600_000_000,
        input="noise",
        total=sum(layer.count or 0 for layer in layers) + 10 or None,
        layers=layers,
        output_equal=output_equal,
    )


def test_all_equal_passes() -> None:
    found = profile(layer(0), layer(1))
    assert found.passed
    assert found.verdict == "2 of 2 layers compared with the host, all byte-equal"


def test_the_first_wrong_layer_is_named() -> None:
    wrong = {"name": "DEPTHWISE_CONV_2D", "output_crc32": 8}
    found = profile(layer(6), layer(7, **wrong), layer(8, output_crc32=9), output_equal=False)
    assert not found.passed
    assert found.verdict == "op 7 DEPTHWISE_CONV_2D is the first whose output differs"
    assert profile_document(found)["first_wrong"] == {"ops": "7", "name": "DEPTHWISE_CONV_2D"}


def test_layers_that_cannot_be_compared_share_the_suspicion() -> None:
    unknown = {"output_crc32": None, "output_bytes": 0}
    found = profile(
        layer(0, **unknown), layer(1), layer(2, **unknown), layer(3, **unknown),
        layer(4, last_op=5, name="PAD+CONV_2D", output_crc32=8),
    )  # fmt: skip
    assert found.verdict == (
        "op 4-5 PAD+CONV_2D is the first whose output differs "
        "(op 2 CONV_2D, op 3 CONV_2D before it cannot be compared)"
    )


def test_a_wrong_output_behind_right_layers() -> None:
    found = profile(layer(0), output_equal=False)
    assert not found.passed
    assert "that of no layer does" in found.verdict


def test_nothing_compared_is_said() -> None:
    found = profile(layer(0, expected_crc32=None), output_equal=None)
    assert found.passed and found.verdict == "no layer was compared with the host"


def test_the_layer_with_the_most_to_gain() -> None:
    found = profile(
        layer(0, macs=1000, count=2000),  # large, and as good as it gets
        layer(1, macs=100, count=900),  # 200 at the rate of op 0
        layer(2, name="SOFTMAX", macs=0, count=500),
    )
    blame = found.blame
    assert blame is not None
    assert (blame.layer.first_op, blame.count, blame.reachable) == (1, 900, 200)


def test_time_is_for_cycles_only() -> None:
    counted = profile(layer(0, count=600_000), agent="silicon", unit="cycles")
    assert counted.unit == "cycles" and counted.milliseconds(600_000) == 1.0
    assert profile(layer(0)).milliseconds(600_000) is None


def test_not_counted() -> None:
    found = replace(profile(layer(0, count=None)), total=None)
    assert found.blame is None
    assert found.share(found.layers[0]) is None and found.layers[0].per_mac is None
