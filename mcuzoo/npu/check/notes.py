"""What the judgement of one NPU op has found so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from mcuzoo.graph.model import Op
from mcuzoo.npu.findings import TO_VELA, Finding, Kind
from mcuzoo.npu.operations import BlockOperation, DmaOperation


@dataclass
class Progress:
    """done: operators of the source model that are computed somewhere. weights, scales: how many
    were compared. compared: of each weighted operator the output channels whose constants were."""

    done: set[int] = field(default_factory=set)
    weights: int = 0
    scales: int = 0
    compared: dict[int, set[int]] = field(default_factory=dict)


@dataclass
class Notes:
    """op: the NPU op's index in the file. end: the word behind its stream. found: findings, each
    with the word of its operation. unproven: sentences."""

    op: int
    end: int
    found: list[tuple[int, Finding]] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """In the order of the stream."""
        return [finding for _, finding in sorted(self.found, key=lambda one: one[0])]

    def add(
        self,
        operation: BlockOperation | DmaOperation | None,
        layer: Op | None,
        kind: Kind,
        where: str,
        words: tuple[str, str],
        report_to: str = TO_VELA,
    ) -> None:
        """`words`: what is expected, and what was found. No operation: the op as a whole."""
        place = f"ethos-u op {self.op}"
        if operation is not None:
            place += f", word {operation.word} {operation.name}"
        finding = Finding(
            judgement="exhaustive",
            layer=None if layer is None else layer.index,
            operator="" if layer is None else layer.name,
            kind=kind,
            where=f"{place}: {where}" if where else place,
            expected=words[0],
            found=words[1],
            report_to=report_to,
        )
        self.found.append((self.end if operation is None else operation.word, finding))
