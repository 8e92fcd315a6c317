"""What Vela says of a compilation: figures of its summary, and why an operator stays behind."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass

from mcuzoo.quoting import printable

_REASON_CHARS = 300
_MAX_REFUSALS = 4096
# Vela 5, and Vela 3 and 4.
_HEADERS = (
    re.compile(r"Warning \(supported operators\) operator: (?P<op>\w+), ofm: '(?P<tensor>.*)'$"),
    re.compile(
        r"(?:Warning|Info): (?:Unsupported TensorFlow Lite semantics for )?(?P<op>\w+) "
        r"'(?P<tensor>.*)'(?:\. Placing on CPU instead| is not supported on the NPU\. Placing on "
        r"CPU instead| is a CPU only op)$"
    ),
)
_COUNTS = {
    "npu": re.compile(r"^NPU operators = (\d{1,9}) \(", re.MULTILINE),
    "cpu": re.compile(r"^CPU operators = (\d{1,9}) \(", re.MULTILINE),
}


@dataclass(frozen=True)
class Refusal:
    """An operator that Vela leaves to the CPU. op: its type; tensor: its output; reason: in Vela's
    words, "" if it gives none."""

    op: str
    tensor: str
    reason: str


@dataclass(frozen=True)
class VelaEstimate:
    """Figures of Vela's summary; None where it has none. They are Vela's model of the chip: none
    is measured.

    sram_bytes: of the NPU's on-chip memory. dram_bytes: of constants and tensors elsewhere.
    cycles: of one inference, all overlaps counted in; npu_cycles: of its arithmetic alone.
    seconds: of one inference, what the CPU computes not included. clock_hz: that it counts with.
    macs: multiply-accumulates.
    """

    sram_bytes: int | None = None
    dram_bytes: int | None = None
    cycles: int | None = None
    npu_cycles: int | None = None
    seconds: float | None = None
    clock_hz: float | None = None
    macs: int | None = None


def refusals(said: str) -> tuple[Refusal, ...]:
    """The operators that Vela says it leaves to the CPU, in the order in which it says so."""
    found: list[Refusal] = []
    lines = said.splitlines()
    for at, line in enumerate(lines):
        header = next((match for one in _HEADERS if (match := one.match(line))), None)
        if header is not None and len(found) < _MAX_REFUSALS:
            reason = _reason(lines[at + 1 : at + 8])
            found.append(Refusal(header["op"], header["tensor"], reason))
    return tuple(found)


def _reason(lines: list[str]) -> str:
    """The lines below a header: "Reason: ..." and more until an empty line, or an indented list."""
    told: list[str] = []
    for line in lines:
        if not line.strip() or any(header.match(line) for header in _HEADERS):
            break
        if told and not line.startswith(" ") and told[0].startswith("-"):
            break
        told.append(line.strip())
    text = "; ".join(one.removeprefix("Reason: ").removeprefix("- ") for one in told)
    return printable(text.replace(":; ", ": "), _REASON_CHARS)


def operator_counts(said: str) -> tuple[int | None, int | None]:
    """Vela's own counts (on the NPU, on the CPU), after it has split and joined operators."""
    found = {name: pattern.search(said) for name, pattern in _COUNTS.items()}
    npu, cpu = found["npu"], found["cpu"]
    return int(npu[1]) if npu else None, int(cpu[1]) if cpu else None


def read_summary(text: str) -> VelaEstimate:
    """The figures of NAME_summary_SYSTEM.csv: a line of names, a line of values."""
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error:
        rows = []
    if len(rows) < 2:
        return VelaEstimate()
    cells = dict(zip(rows[0], rows[-1], strict=False))

    def figure(name: str, factor: float = 1.0) -> float | None:
        try:
            value = float(cells.get(name, "")) * factor
        except ValueError:
            return None
        return value if math.isfinite(value) and 0 <= value < 1e18 else None

    def whole(name: str, factor: float = 1.0) -> int | None:
        value = figure(name, factor)
        return None if value is None else round(value)

    return VelaEstimate(
        sram_bytes=whole("sram_memory_used", 1024.0),
        dram_bytes=whole("dram_memory_used", 1024.0),
        cycles=whole("cycles_total"),
        npu_cycles=whole("cycles_npu"),
        seconds=figure("inference_time"),
        clock_hz=figure("core_clock"),
        macs=whole("nn_macs"),
    )
