"""The fit verdict on a board that runs Linux, as text and as a JSON document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from mcuzoo.prose import wrapped
from mcuzoo.quoting import printable
from mcuzoo.report.fit import fit_headline, verdict_line
from mcuzoo.tables import Column, table_text

if TYPE_CHECKING:
    from mcuzoo.npu.vela import PlacedOp, VelaCompiled
    from mcuzoo.plan.linux import LinuxFit


def linux_fit_text(report: LinuxFit, width: int, color: bool = False) -> str:
    """Who computes what, the memories, Vela's estimate, and the verdict."""
    return wrapped(list(_lines(report, width, color)), width)


def _lines(report: LinuxFit, width: int, color: bool) -> Iterator[str]:
    compiled = report.compiled
    npu = f", {report.npu}" if report.npu else ""
    yield f"{printable(report.model)} on {report.board}{npu}"
    if compiled is not None:
        yield from _by_vela(compiled, report.bsp_vela)
    elif report.npu:
        yield (
            f"{report.npu}: its delegate compiles the model on the board, and decides there what "
            "the CPU computes"
        )
    yield table_text(
        (
            Column("memory"),
            *(Column(name, right=True) for name in ("used", "size", "")),
            Column("what", wraps=True),
        ),
        list(_memories(report)),
        width,
        {0} if _sram_over(report) else set(),
        color,
    ).rstrip("\n")
    if compiled is not None and compiled.estimate.cycles and compiled.estimate.seconds:
        figures = compiled.estimate
        yield (
            f"Vela's estimate, which nobody has measured: {figures.cycles:,} cycles of the NPU, "
            f"{compiled.estimate.seconds * 1e3:,.2f} ms at {(figures.clock_hz or 0) / 1e6:,.0f} MHz"
            + ("; what the CPU computes is not in it" if compiled.on_cpu else "")
        )
    for warning in report.warnings:
        yield f"warning: {printable(warning)}"
    yield from (f"budget: {one.text}" for one in report.budgets)
    if report.reason is not None:
        yield f"verdict: DOES NOT FIT: {printable(report.reason)}"
    else:
        yield verdict_line(report.fits, report.passed)
    if report.next_step:
        yield f"next: {report.next_step}"


def _by_vela(compiled: VelaCompiled, bsp_vela: str) -> Iterator[str]:
    there, left = compiled.on_npu, compiled.on_cpu
    own = f" (the board's own is {bsp_vela})" if bsp_vela not in ("", compiled.version) else ""
    yield f"Vela {compiled.version}{own}: {' '.join(compiled.words)}"
    yield f"NPU: {len(there)} of {len(compiled.operators)} operators{_types(there)}"
    if compiled.npu_count is not None and compiled.cpu_count is not None:
        yield (
            f"Vela itself counts {compiled.npu_count:,} on the NPU and {compiled.cpu_count:,} on "
            "the CPU, after it has split and joined them"
        )
    for op in left:
        where = f"op {op.index} {op.name}" if op.index >= 0 else op.name
        yield f"CPU: {printable(where)}: {printable(op.reason)}"


def _types(ops: tuple[PlacedOp, ...]) -> str:
    counts = Counter(printable(op.name) for op in ops)
    listed = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    return f": {listed}" if listed else ""


def _sram_over(report: LinuxFit) -> bool:
    used = report.compiled and report.compiled.estimate.sram_bytes
    return bool(used and report.sram_bytes is not None and used > report.sram_bytes)


def _memories(report: LinuxFit) -> Iterator[tuple[str, ...]]:
    compiled, agent = report.compiled, report.agent
    if compiled is not None:
        if report.sram_bytes is not None:
            used = compiled.estimate.sram_bytes
            yield _memory("NPU SRAM", used, report.sram_bytes, "tensors and weights on their way")
        dram = compiled.estimate.dram_bytes
        yield _memory("DRAM", dram, report.dram_bytes, "constants and tensors of the Vela file")
    if agent.runs:
        what = (
            f"mcuzoo's C agent on a core: arena {agent.arena_bytes:,}, constants "
            f"{agent.constant_bytes:,}"
        )
        yield _memory("DRAM", agent.bytes, report.dram_bytes, what)


def _memory(name: str, used: int | None, size: int, what: str) -> tuple[str, ...]:
    if used is None:
        return (name, "?", f"{size:,}", "", what)
    return (name, f"{used:,}", f"{size:,}", f"{used / size:.1%}", what)


def linux_fit_document(report: LinuxFit) -> dict[str, object]:
    """The document that `mcuzoo fit --json` prints for such a board; sizes in bytes."""
    return {
        "model": report.model,
        "board": report.board,
        "fits": report.fits,
        "reason": report.reason,
        "npu": report.npu_kind or None,
        "sram_bytes": report.sram_bytes,
        "dram_bytes": report.dram_bytes,
        "bsp_vela": report.bsp_vela or None,
        "vela": report.compiled and report.compiled.as_dict(),
        "agent": {
            "runs": report.agent.runs,
            "reason": report.agent.reason,
            "arena_bytes": report.agent.arena_bytes,
            "constant_bytes": report.agent.constant_bytes,
        },
        "warnings": list(report.warnings),
        "next_step": report.next_step,
        "budgets": [asdict(one) for one in report.budgets],
    }


def linux_fits_text(reports: Sequence[LinuxFit], width: int, color: bool = False) -> str:
    """Several models on one board: a line each, then why some do not fit."""
    columns = (
        Column("model", wraps=True),
        Column("NPU", right=True),
        Column("CPU", right=True),
        Column("SRAM", right=True),
        Column("~ms", right=True),
        Column("agent's arena", right=True),
        Column("verdict", wraps=True),
    )
    rows = [_row(report) for report in reports]
    failed = {number for number, report in enumerate(reports) if not report.passed}
    lines = [
        f"{len(reports)} models on {reports[0].board}: operators, bytes, Vela's estimate",
        table_text(columns, rows, width, failed, color).rstrip("\n"),
    ]
    lines += [
        f"{printable(report.model)}: {printable(report.reason)}"
        for report in reports
        if report.reason is not None
    ]
    return wrapped(lines, width)


def _row(report: LinuxFit) -> tuple[str, ...]:
    compiled = report.compiled
    arena = report.agent.arena_bytes
    ends = (
        "-" if arena is None else f"{arena:,}",
        fit_headline(report.fits, report.passed),
    )
    if compiled is None:
        return (printable(report.model), "?", "?", "?", "?", *ends)
    sram, seconds = compiled.estimate.sram_bytes, compiled.estimate.seconds
    return (
        printable(report.model),
        f"{len(compiled.on_npu):,}",
        f"{len(compiled.on_cpu):,}",
        "?" if sram is None else f"{sram:,}",
        "?" if seconds is None else f"{seconds * 1e3:,.2f}",
        *ends,
    )


def linux_fits_document(reports: Sequence[LinuxFit]) -> dict[str, object]:
    """The document that `mcuzoo fit --json` prints for several models on such a board."""
    return {
        "board": reports[0].board,
        "models": [linux_fit_document(report) for report in reports],
    }
