"""Caches of the core: which lines a stream of accesses has to fetch, and from where."""

from __future__ import annotations

from collections.abc import Iterable


class Cache:
    """A cache of `size` bytes with `ways` lines in each set; the line unused for longest goes.

    A write fetches the line, and the line is written back when it goes.
    """

    def __init__(self, size: int, line_bytes: int, ways: int) -> None:
        self._sets = size // line_bytes // ways
        self._ways = ways
        # By set: its lines, the one used last at the end; True where it was changed.
        self._lines: list[dict[int, bool]] = [{} for _ in range(self._sets)]

    def forget(self) -> None:
        """All lines are invalid from now on."""
        for held in self._lines:
            held.clear()

    def forget_set(self, index: int) -> None:
        """The same of one set, the remainder of its lines' numbers."""
        self._lines[index % self._sets].clear()

    def reads(self, lines: Iterable[int]) -> list[int]:
        """The lines of `lines`, numbers in their order, that have to be fetched."""
        fetched: list[int] = []
        sets, ways, count = self._lines, self._ways, self._sets
        for line in lines:
            held = sets[line % count]
            if line in held:
                held[line] = held.pop(line)
                continue
            fetched.append(line)
            if len(held) == ways:
                del held[next(iter(held))]
            held[line] = False
        return fetched

    def accesses(self, lines: Iterable[int]) -> tuple[list[int], list[int]]:
        """As `reads`, of 2 * line + (1 if it is written); and the lines that are written back."""
        fetched: list[int] = []
        back: list[int] = []
        sets, ways, count = self._lines, self._ways, self._sets
        for access in lines:
            line = access >> 1
            held = sets[line % count]
            dirty = held.pop(line, None)
            if dirty is None:
                fetched.append(line)
                if len(held) == ways:
                    oldest = next(iter(held))
                    if held.pop(oldest):
                        back.append(oldest)
                dirty = False
            held[line] = dirty or bool(access & 1)
        return fetched, back
