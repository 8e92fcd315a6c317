"""Modelled cycles, and what they are spent for. An estimate: mcuzoo/timing says by which rules."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cycles:
    """Modelled core cycles by what they are spent for.

    issue: instructions, with memory that answers at once. branches: wrong predictions. code: waits
    for instructions that a cache has to fetch. data: the same of constants and tensors, by the
    name of the memory.
    """

    issue: float = 0.0
    branches: float = 0.0
    code: float = 0.0
    data: dict[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return self.issue + self.branches + self.code + sum(self.data.values())

    def plus(self, other: Cycles, sign: int = 1) -> Cycles:
        names = {**self.data, **other.data}
        return Cycles(
            self.issue + sign * other.issue,
            self.branches + sign * other.branches,
            self.code + sign * other.code,
            {name: self.data.get(name, 0.0) + sign * other.data.get(name, 0.0) for name in names},
        )
