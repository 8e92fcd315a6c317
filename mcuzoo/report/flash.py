"""What mcuzoo flash did, as text and for JSON."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.flash.flash import Flashed, planned_lines
from mcuzoo.flash.rig import BoardFlashed
from mcuzoo.report.ports import firmware_document
from mcuzoo.report.probes import probe_document


def flash_document(done: Flashed) -> dict[str, object]:
    """The JSON document. `hello` is null where the board was not asked; addresses are numbers."""
    hello = done.hello
    return {
        "project": done.project,
        "board": done.board,
        "build_id": done.build_id,
        "via": done.via,
        "why": done.why,
        "probe": None if done.probe is None else probe_document(done.probe),
        "written": {"start": done.start, "bytes": done.size, "sha256": done.sha256},
        "erased": {"start": done.erased[0], "bytes": done.erased[1] - done.erased[0]},
        "checked": done.checked,
        "compared": done.compared or None,
        "steps": list(done.steps),
        "notes": list(done.notes),
        "port": done.port,
        "hello": None if hello is None else firmware_document(hello),
        "done": done.done,
    }


def flash_text(done: Flashed) -> str:
    """What was done; of a dry run, what would be."""
    lines = [f"image: {done.checked}"]
    if not done.done:
        lines += planned_lines(done)
        lines += ["would do:", *(f"  {step}" for step in done.steps)]
        return "".join(f"{line}\n" for line in lines)
    compared = done.compared or f"not read back: {done.via} does not, and no other tool here can"
    lines.append(f"flash: {done.size:,} bytes from 0x{done.start:08X}, {compared}")
    hello = done.hello
    if hello is None:
        lines.append("board: not asked what it runs")
    else:
        lines.append(
            f"board: {hello.board} at {done.port} runs the build {hello.build_id[:8]}, "
            f"model {hello.model_sha256[:12]}"
        )
    return "".join(f"{line}\n" for line in lines)


def rig_document(results: Sequence[BoardFlashed]) -> dict[str, object]:
    """The JSON document of a rig: of each board what was done, or the error."""
    return {
        "flashed": sum(one.error is None for one in results),
        "failed": sum(one.error is not None for one in results),
        "boards": [
            {
                "name": one.board.name,
                "result": None if one.done is None else flash_document(one.done),
                "error": None if one.error is None else one.error.as_dict(),
            }
            for one in results
        ],
    }


def rig_text(results: Sequence[BoardFlashed]) -> str:
    """Each board of a rig, with what was done under it."""
    lines = []
    for one in results:
        lines.append(one.board.text)
        if one.done is not None:
            lines += [f"    {line}" for line in flash_text(one.done).splitlines()]
        if one.error is not None:
            lines += [f"    {one.error.message}", *_hint(one.error.hint)]
    return "".join(f"{line}\n" for line in lines)


def _hint(text: str) -> list[str]:
    return [f"    hint: {line}" for line in text.splitlines()]
