"""Whether a model fits a board that runs Linux: its NPU, as Vela compiles for it, and the memory
that mcuzoo's C agent needs on a core."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike, fspath

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.budgets import BudgetResult, Figure
from mcuzoo.errors import BoardError, command
from mcuzoo.graph.model import Model
from mcuzoo.npu.vela import VelaCompiled, compile_vela
from mcuzoo.ops.coverage import judge
from mcuzoo.plan.linux_agent import plan_for_linux
from mcuzoo.plan.options import LinuxFitOptions
from mcuzoo.zoo.registry import KnownModel, load_or_build


@dataclass(frozen=True)
class AgentFit:
    """What mcuzoo's C agent needs on a core. reason: why it does not run the model, in a sentence;
    None if it does. arena_bytes, constant_bytes: of activations, of weights and tables; None if it
    does not run it. hint: the next command to type then, else "".
    """

    reason: str | None
    arena_bytes: int | None = None
    constant_bytes: int | None = None
    hint: str = ""

    @property
    def runs(self) -> bool:
        return self.reason is None

    @property
    def bytes(self) -> int:
        """Of arena and constants; 0 if it does not run the model."""
        return (self.arena_bytes or 0) + (self.constant_bytes or 0)


@dataclass(frozen=True)
class LinuxFit:
    """The verdict on a board that runs Linux.

    model: its name. board: its id. agent: what the C agent needs. dram_bytes: the memory that Linux
    has. npu: the NPU's name, "" for none; npu_kind: as the board file says it. sram_bytes: that the
    NPU has for itself, None if it has none or nobody says. compiled: by Vela; None where no
    compiler runs on the host. reason: why it does not fit, a sentence; None if it does. bsp_vela:
    the version of Vela in the newest BSP, "" for none. warnings: sentences that change no verdict.
    next_step: what to do, None where nothing has to be. budgets: each that was given.
    """

    model: str
    board: str
    agent: AgentFit
    dram_bytes: int
    npu: str
    npu_kind: str
    sram_bytes: int | None
    compiled: VelaCompiled | None
    reason: str | None
    bsp_vela: str = ""
    warnings: tuple[str, ...] = ()
    next_step: str | None = None
    budgets: tuple[BudgetResult, ...] = ()

    @property
    def fits(self) -> bool:
        return self.reason is None

    @property
    def passed(self) -> bool:
        """Whether it fits, and no budget says no."""
        return self.fits and not any(one.fails for one in self.budgets)


def fit_linux(
    model: str | PathLike[str] | Model,
    board: str | LinuxBoard,
    options: LinuxFitOptions = LinuxFitOptions(),
) -> LinuxFit:
    """Whether `model` fits a board that runs Linux.

    With an Ethos-U NPU: whether Vela gives it something to compute, within the NPU's memory. With
    another: its delegate decides on the board, so what is judged is the C agent on a core.

    model: a name of the zoo, a file, or a loaded model. Raises BoardError for another board, and as
    load_or_build and compile_vela.
    """
    found = board if isinstance(board, LinuxBoard) else load_any_board(board)
    if not isinstance(found, LinuxBoard):
        raise BoardError(
            f"{found.id} has a microcontroller and no Linux.",
            f"{command('mcuzoo', 'fit', 'MODEL', '--board', found.id)} judges it.",
        )
    known = KnownModel(model) if isinstance(model, Model) else load_or_build(fspath(model))
    report = fit_model_linux(known.model, found, options)
    notes = [known.note] if known.note else []
    if known.structure_only and report.compiled is not None:
        notes.append("Random weights compress worse: Vela's figures are above the real ones.")
    return replace(report, warnings=(*notes, *report.warnings))


def fit_model_linux(
    model: Model, board: LinuxBoard, options: LinuxFitOptions = LinuxFitOptions()
) -> LinuxFit:
    """As fit_linux, of a loaded model."""
    agent = agent_fit(model)
    npu = board.npu
    compiled = (
        compile_vela(model, board, options) if npu is not None and npu.vela is not None else None
    )
    report = LinuxFit(
        model=model.name,
        board=board.id,
        agent=agent,
        dram_bytes=board.dram.size,
        npu="" if npu is None else npu.name,
        npu_kind="" if npu is None else npu.kind,
        sram_bytes=None if npu is None else npu.sram_bytes,
        compiled=compiled,
        reason=None,
        bsp_vela=board.bsp[0].vela or "",
    )
    reason, advice = _verdict(report)
    return replace(
        report,
        reason=reason,
        next_step=advice,
        warnings=_warnings(report),
        budgets=_budgets(report, options),
    )


def agent_fit(model: Model) -> AgentFit:
    """The memory that the C agent needs for a model, with the portable kernels."""
    verdict = judge(model, "aot")
    if verdict.error is not None:
        return AgentFit(verdict.error.message, hint=verdict.error.hint)
    plan = plan_for_linux(model)
    return AgentFit(None, plan.arena.arena_bytes, plan.constant_bytes)


def _verdict(report: LinuxFit) -> tuple[str | None, str | None]:
    """(why it does not fit, what to do)."""
    agent, compiled = report.agent, report.compiled
    if compiled is None:
        if agent.reason is not None:
            return f"The C agent does not run it: {agent.reason}", agent.hint
    elif not compiled.on_npu:
        hint = agent.hint or "See above why each operator is left to the CPU."
        return "Vela leaves every operator to the CPU: the NPU has nothing to compute.", hint
    else:
        used, room = compiled.estimate.sram_bytes, report.sram_bytes
        if used is not None and room is not None and used > room:
            return (
                f"It takes {used:,} bytes of the NPU's {room:,} bytes of memory.",
                "Vela may do with less by --vela-optimise size; else take a smaller input.",
            )
    needed = agent.bytes + ((compiled and compiled.estimate.dram_bytes) or 0)
    if needed > report.dram_bytes:
        return f"It takes {needed:,} of {report.dram_bytes:,} bytes of memory.", None
    return None, None


def _warnings(report: LinuxFit) -> tuple[str, ...]:
    agent = report.agent
    if report.compiled is None or agent.reason is None:
        return ()
    return (f"The C agent does not run it: {agent.reason} {agent.hint}".rstrip(),)


def _budgets(report: LinuxFit, options: LinuxFitOptions) -> tuple[BudgetResult, ...]:
    agent, compiled = report.agent, report.compiled
    if agent.arena_bytes is None:
        arena = Figure(None, "the C agent does not run the model")
    else:
        arena = Figure(agent.arena_bytes, f"The C agent's arena has {agent.arena_bytes:,} bytes")
    if compiled is None:
        left = Figure(None, "what the NPU computes is decided on the board")
    else:
        count = len(compiled.on_cpu)
        left = Figure(count, f"{count:,} of {len(compiled.operators):,} operators are on the CPU")
    return options.judged(arena, left)
