"""When each storage of a program is alive: the facts that an arena plan must respect."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.graph.program import Program

BEFORE_FIRST_STEP = -1


@dataclass(frozen=True)
class Life:
    """A buffer holds `bytes` from `first_step` to `last_step`, both inclusive.

    Steps count from 0; -1 is the moment before the first step, when the host fills the input,
    and the number of steps is the moment after the last one, when the host reads the output.
    """

    buffer: int
    bytes: int
    first_step: int
    last_step: int

    def overlaps(self, other: Life) -> bool:
        """True when both hold data during some step, so that they share no byte unless a Share
        says how."""
        return self.first_step <= other.last_step and other.first_step <= self.last_step


def lifetimes(program: Program) -> tuple[Life, ...]:
    """The life of every buffer that a step or the host touches, ordered by buffer index.

    A buffer that nothing reads still lives through the step that writes it.
    """
    touched: dict[int, list[int]] = {}
    for number, step in enumerate(program.steps):
        for buffer in (*step.reads, *step.writes):
            touched.setdefault(buffer, []).append(number)
    touched.setdefault(program.input_buffer, []).append(BEFORE_FIRST_STEP)
    touched.setdefault(program.output_buffer, []).append(len(program.steps))
    sizes = {buffer.index: buffer.bytes for buffer in program.buffers}
    return tuple(
        Life(buffer, sizes[buffer], min(steps), max(steps))
        for buffer, steps in sorted(touched.items())
    )
