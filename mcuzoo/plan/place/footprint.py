"""How much memory the firmware itself takes, before any model: estimates from measured builds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mcuzoo.untrusted import parse_toml

_DATA = (
    Path(__file__).with_name("footprint.toml"),
    Path(__file__).parent.with_name("tflm") / "footprint.toml",
)


@dataclass(frozen=True)
class Footprint:
    """Bytes of one firmware: code with all that lies beside it in flash, .data with .bss, stack.
    code_bytes: in flash. data_bytes: of .data and .bss. stack_bytes: kept free for the stack.
    hot_bytes: of the code that an inference goes through; 0: it is not told from the rest."""

    code_bytes: int
    data_bytes: int
    stack_bytes: int
    hot_bytes: int = 0


def estimate_footprint(runtime: str, names: Sequence[str], row_stages: int = 0) -> Footprint:
    """The firmware for a model. names: for each step its kernel, or for TFLM its operator.

    runtime: "aot", or "tflm-" and the name of its kernels. row_stages: how many operators take a
    streamed input by rows.

    Names without a figure count as calls only.
    """
    measured = _measured()
    base = measured[runtime]["base"]
    kernels = measured[runtime]["kernels"]
    rows = measured[runtime]["rows"] if row_stages else {}
    of_calls = rows.get("code_bytes", 0) + base["call_bytes"] * len(names)
    of_calls += sum(kernels.get(name, 0) for name in set(names))
    hot = base.get("hot_bytes")
    return Footprint(
        code_bytes=base["code_bytes"] + of_calls,
        data_bytes=base["data_bytes"]
        + rows.get("data_bytes", 0)
        + rows.get("stage_bytes", 0) * row_stages,
        stack_bytes=measured["stack"]["bytes"],
        hot_bytes=0 if hot is None else hot + of_calls,
    )


def receive_ring_bytes() -> int:
    """Size of the ring that keeps what arrives while the board works; in every data_bytes."""
    return int(_measured()["receive"]["bytes"])


def upload_code_bytes() -> int:
    """Code bytes of a universal firmware beside TFLM's runtime."""
    return int(_measured()["upload"]["code_bytes"])


@cache
def _measured() -> dict[str, Any]:
    measured: dict[str, Any] = {}
    for path in _DATA:
        measured |= parse_toml(path.read_text(encoding="utf-8"))
    return measured
