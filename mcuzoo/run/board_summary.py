"""What each board of a run on several did, and what of the results depends on the board."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from mcuzoo.link.counts import milliseconds
from mcuzoo.run.record import BoardRecord, Row, RunMeta, Status
from mcuzoo.run.score import Agreement


@dataclass(frozen=True)
class BoardSummary:
    """A board of a run in figures.

    images: that it answered first. too: that it answered as well, beside another board. agreement:
    with the host's outputs, over both; None if nothing was compared. median_count: of an inference,
    in the unit of record.facts; None if not counted. images_per_second: while it was at work; None
    without an image. unanswered: images given up, of which it had the last try. resent: images that
    were started again.
    """

    record: BoardRecord
    images: int
    too: int
    agreement: Agreement | None
    median_count: int | None
    images_per_second: float | None
    resent: int
    unanswered: int

    @property
    def wrong(self) -> int | None:
        """Outputs that are not the host's and must be; None where none was compared, or where a
        delegate computes."""
        facts = self.record.facts
        if self.agreement is None or (facts is not None and facts.delegate):
            return None
        return self.agreement.unequal

    @property
    def median_ms(self) -> float | None:
        """Of an inference; None for instructions, which are no time."""
        facts = self.record.facts
        if facts is None:
            return None
        return milliseconds(self.median_count, facts.unit, facts.core_clock_hz)


def summarize_boards(meta: RunMeta, rows: Sequence[Row]) -> tuple[BoardSummary, ...]:
    """One per board of a run on several, by name, numbers in it as numbers."""
    return tuple(
        _summary(record, meta, rows)
        for record in sorted(meta.boards, key=lambda record: _natural(record.name))
    )


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _summary(record: BoardRecord, meta: RunMeta, rows: Sequence[Row]) -> BoardSummary:
    own = [row for row in rows if row.board == record.name]
    done = [row for row in own if row.status is Status.DONE]
    too = [one for one in meta.others if one.board == record.name]
    seconds = sum(row.seconds or 0.0 for row in done)
    known = [row.reference_difference for row in done] + [one.reference_difference for one in too]
    differences = [difference for difference in known if difference is not None]
    counts = [row.cycles for row in done if row.cycles is not None]
    return BoardSummary(
        record=record,
        images=len(done),
        too=len(too),
        agreement=Agreement(len(differences), differences.count(0), max(differences))
        if differences
        else None,
        median_count=round(median(counts)) if counts else None,
        images_per_second=len(done) / seconds if seconds else None,
        resent=sum(max(0, (row.attempts or 1) - 1) for row in done),
        unanswered=len(own) - len(done),
    )


def board_warnings(
    meta: RunMeta, rows: Sequence[Row], boards: Sequence[BoardSummary]
) -> Iterator[str]:
    """What to know of boards although the run may have passed."""
    yield from _depends(meta, rows, exact=False)
    for board in boards:
        record = board.record
        if record.retired is not None:
            yield f"{record.name} was retired: {record.retired}"
        if record.stack is not None and record.stack.warning is not None:
            yield f"{record.name}: {record.stack.warning}"


@dataclass(frozen=True)
class _Given:
    """What a board gave for an image.

    crc32: of the output. wrong: unlike the host's; None if nothing was compared.
    """

    board: str
    crc32: int
    wrong: bool | None


def board_findings(
    meta: RunMeta, rows: Sequence[Row], boards: Sequence[BoardSummary]
) -> Iterator[str]:
    """Sentences about boards whose results are wrong, or are not those of other boards. Outputs of
    a delegate need not be the host's."""
    given = dict(_given(meta, rows))
    files = {row.index: row.file for row in rows}
    exact = [board for board in boards if not meta.delegate_of(board.record.name)]
    unequal = sum(board.agreement.unequal for board in exact if board.agreement is not None)
    let_pass = unequal <= (meta.settings.max_mismatches or 0)
    for board in exact:
        agreement = board.agreement
        if agreement is not None and agreement.unequal and not let_pass:
            yield (
                f"{board.record.name}: {agreement.unequal} of {agreement.compared} outputs unlike "
                f"the host's.{_elsewhere(board.record.name, given, files)}"
            )
    yield from _depends(meta, rows, exact=True)


def _depends(meta: RunMeta, rows: Sequence[Row], exact: bool) -> Iterator[str]:
    """Images on which boards of one arithmetic give different outputs. exact: of kernels that must
    give the host's bytes, unless one of them does not; else of delegates, each for itself."""
    files = {row.index: row.file for row in rows}
    for index, results in _given(meta, rows):
        by_delegate: dict[str, list[_Given]] = defaultdict(list)
        for one in sorted(results, key=lambda one: _natural(one.board)):
            by_delegate[meta.delegate_of(one.board)].append(one)
        for delegate, alike in by_delegate.items():
            wrong = exact and any(one.wrong for one in alike)
            if bool(delegate) is not exact and not wrong:
                yield from _groups(files[index], alike)


def _groups(file: str, alike: Sequence[_Given]) -> Iterator[str]:
    by_output: dict[int, list[str]] = defaultdict(list)
    for one in alike:
        by_output[one.crc32].append(one.board)
    if len(by_output) > 1:
        groups = sorted(by_output.items(), key=lambda pair: (-len(pair[1]), pair[1]))
        told = "; ".join(f"{' and '.join(names)} give {crc32:08x}" for crc32, names in groups)
        yield f"The output of {file} depends on the board (CRC-32): {told}."


def _given(meta: RunMeta, rows: Sequence[Row]) -> Iterator[tuple[int, list[_Given]]]:
    """By image, what boards gave, for images that several have answered."""
    others: dict[int, list[_Given]] = defaultdict(list)
    for one in meta.others:
        difference = one.reference_difference
        wrong = None if difference is None else difference > 0
        others[one.index].append(_Given(one.board, one.output_crc32, wrong))
    for row in rows:
        if row.index in others and row.output is not None and row.board is not None:
            wrong = None if row.reference_difference is None else row.reference_difference > 0
            first = _Given(row.board, zlib.crc32(row.output.tobytes()), wrong)
            yield row.index, [first, *others[row.index]]


def _elsewhere(board: str, given: Mapping[int, Sequence[_Given]], files: Mapping[int, str]) -> str:
    """What other boards gave for the images that are wrong on `board`."""
    for index, results in given.items():
        if not any(one.board == board and one.wrong for one in results):
            continue
        others = sorted((one for one in results if one.board != board), key=lambda one: one.board)
        for one in others:
            if one.wrong is False:
                return (
                    f" {files[index]} is right on {one.board}, with the same firmware: the fault "
                    f"is in {board} itself (memory, power, clock), or depends on it."
                )
        for one in others:
            if one.wrong:
                return f" {files[index]} is wrong on {one.board}, too."
    return ""
