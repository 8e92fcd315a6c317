"""What boards that run Linux do with a model of the zoo: who computes it, by operators.

As in zoo_facts: the facts of the zoo's own files and layers come with mcuzoo, as Arm's compiler
takes seconds and is an option (zoo/linux_facts.json, which tools/linux_facts.py writes). Of another
file no more is said than can be read from its graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.graph.model import Model
from mcuzoo.untrusted import parse_json, read_text
from mcuzoo.zoo.schema import ZOO

SHIPPED = ZOO / "linux_facts.json"
_MAX_BYTES = 4 << 20

LINUX_RUNTIMES = ("aot", "tflite")
"""What runs a model on such a board: our own C agent; its BSP's TFLite, by the Python agent."""


@dataclass(frozen=True)
class NpuUse:
    """What the NPU's compiler makes of a model.

    compiler: with its version, "Vela 5.2.0". npu, cpu: how many of the model's operators each
    computes. cpu_names: the types of those that stay on the CPU. sram_bytes: of the NPU's own
    memory, by the compiler; fits: whether the board has as much.
    """

    compiler: str
    npu: int
    cpu: int
    cpu_names: tuple[str, ...]
    sram_bytes: int
    fits: bool


@dataclass(frozen=True)
class LinuxFacts:
    """runs: by runtime of LINUX_RUNTIMES, None where it does not run the model. npu: by board id;
    None where it is not known, or where no compiler of the NPU runs on the host."""

    runs: dict[str, bool | None]
    npu: dict[str, NpuUse | None]


def graph_runs(model: Model) -> dict[str, bool | None]:
    """Which of LINUX_RUNTIMES run the model, by its operators. These boards have memory enough for
    all models that a microcontroller could have."""
    from mcuzoo.ops.coverage import judge

    custom = any(op.name.startswith("CUSTOM") for op in model.ops)
    return {"aot": True if judge(model, "aot").runs else None, "tflite": None if custom else True}


def find_linux_facts(model: Model, boards: Sequence[LinuxBoard]) -> LinuxFacts:
    """The facts of a model, found out now: compiles it for each NPU that has a compiler."""
    return LinuxFacts(graph_runs(model), {board.id: npu_use(model, board) for board in boards})


def npu_use(model: Model, board: LinuxBoard) -> NpuUse | None:
    """What Vela makes of the model; None for a board without an Ethos-U NPU.

    Raises MissingExtraError without Vela, ToolchainError if it does not compile the model.
    """
    from mcuzoo.npu.vela import compile_vela

    if board.npu is None or board.npu.vela is None or board.npu.sram_bytes is None:
        return None
    made = compile_vela(model, board)
    sram = made.estimate.sram_bytes or 0
    return NpuUse(
        compiler=f"Vela {made.version}",
        npu=len(made.on_npu),
        cpu=len(made.on_cpu),
        cpu_names=tuple(sorted({op.name for op in made.on_cpu})),
        sram_bytes=sram,
        fits=sram <= board.npu.sram_bytes,
    )


def shipped_linux_facts(boards: Sequence[LinuxBoard]) -> dict[str, LinuxFacts]:
    """The facts that come with mcuzoo, by the identities of zoo_facts; none if they were not found
    out for these boards."""
    try:
        raw = parse_json(read_text(SHIPPED, _MAX_BYTES), _MAX_BYTES)
        if raw["boards"] != linux_digests(boards):
            return {}
        return {str(identity): _parsed(one) for identity, one in raw["facts"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def linux_document(boards: Sequence[LinuxBoard], facts: dict[str, LinuxFacts]) -> dict[str, Any]:
    """What SHIPPED holds."""
    return {
        "boards": linux_digests(boards),
        "facts": {identity: asdict(one) for identity, one in facts.items()},
    }


def linux_digests(boards: Sequence[LinuxBoard]) -> dict[str, str]:
    """A hash of what is known of each board's NPU, by the board's id."""
    return {
        board.id: sha256(
            b"" if board.npu is None else board.npu.model_dump_json().encode()
        ).hexdigest()
        for board in boards
    }


def _parsed(raw: Any) -> LinuxFacts:
    runs = {str(name): None if runs is None else bool(runs) for name, runs in raw["runs"].items()}
    npu = {str(board): None if use is None else _use(use) for board, use in raw["npu"].items()}
    return LinuxFacts(runs, npu)


def _use(raw: Any) -> NpuUse:
    return NpuUse(
        compiler=str(raw["compiler"]),
        npu=int(raw["npu"]),
        cpu=int(raw["cpu"]),
        cpu_names=tuple(map(str, raw["cpu_names"])),
        sram_bytes=int(raw["sram_bytes"]),
        fits=bool(raw["fits"]),
    )
