"""Counts executed instructions, block by block.

unicorn reports every block of instructions when it is entered. Instructions of an IT block count
whether their condition holds or not, as they do in QEMU's and in hardware's counts of retired
instructions; a hook per instruction would not see those that are skipped.
"""

from __future__ import annotations

from collections.abc import Callable

_WIDE_FROM = 0x1D  # the five highest bits of the first half of a 32-bit Thumb instruction

BlockHook = Callable[[object, int, int, object], None]


class BlockCounter:
    """`on_block` is the hook; it is written for speed. `read_code` gives bytes of memory."""

    def __init__(self, read_code: Callable[[int, int], bytes]) -> None:
        self._read_code = read_code
        known: dict[int, tuple[int, int]] = {}
        total = 0
        last = 0

        def on_block(_handle: object, address: int, size: int, _key: object) -> None:
            nonlocal total, last
            entry = known.get(address)
            if entry is None or entry[0] != size:
                entry = known[address] = (size, count_instructions(read_code(address, size)))
            total += entry[1]
            last = address

        def get() -> int:
            return total

        def get_last() -> int:
            return last

        def before(pc: int) -> int:
            size = known.get(last, (0, 0))[0]
            if last <= pc < last + size:
                return total - count_instructions(read_code(pc, last + size - pc))
            return total

        def settle(pc: int) -> None:
            nonlocal total
            total = before(pc)

        self.on_block: BlockHook = on_block
        self._get = get
        self._get_last = get_last
        self._before = before
        self._settle = settle

    @property
    def total(self) -> int:
        """Instructions of all blocks entered so far, the present one as a whole."""
        return self._get()

    @property
    def before_last(self) -> int:
        """Instructions executed before the present block."""
        return self._before(self._get_last())

    def before(self, pc: int) -> int:
        """Instructions executed before the one at `pc`, which is in the present block."""
        return self._before(pc)

    def settle(self, pc: int) -> None:
        """Execution has stopped before `pc`: take back what was counted from there on."""
        self._settle(pc)


def count_instructions(code: bytes) -> int:
    """How many Thumb instructions `code` is; it begins and ends with whole ones."""
    count = at = 0
    while at + 1 < len(code):
        at += 4 if code[at + 1] >> 3 >= _WIDE_FROM else 2
        count += 1
    return count
