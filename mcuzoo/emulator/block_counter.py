"""Counts executed instructions block by block: unicorn reports every block when it is entered.

Instructions of an IT block count even if their condition is false, as in QEMU and in hardware
counts of retired instructions; a hook per instruction would not see the skipped ones.
"""

from __future__ import annotations

from collections.abc import Callable

_WIDE_FROM = 0x1D  # the five highest bits of the first half of a 32-bit Thumb instruction

_NO_BLOCK = -1

BlockHook = Callable[[object, int, int, object], None]


class BlockCounter:
    """`on_block` is the hook, written for speed; `read_code` gives bytes of memory."""

    def __init__(self, read_code: Callable[[int, int], bytes]) -> None:
        self._read_code = read_code
        # By address: size in bytes and instructions.
        self._known: dict[int, tuple[int, int]] = {}
        # Instructions of all blocks entered, the present one as a whole; its address.
        self._state = [0, _NO_BLOCK]
        self.on_block = self._make_hook()
        self.deadline = [0.0]
        """See on_timed_block."""

    def on_timed_block(self, stop: Callable[[], None]) -> BlockHook:
        """A hook that also calls `stop` before the first block that begins at the deadline, in
        instructions, or after it."""
        known, learn, state, deadline = self._known, self._learn, self._state, self.deadline

        # As on_block, which it does not call: calls are most of what counting costs.
        def on_timed(_handle: object, address: int, size: int, _key: object) -> None:
            entry = known.get(address)
            if entry is None or entry[0] != size:
                entry = learn(address, size)
            before = state[0]
            state[0] = before + entry[1]
            state[1] = address
            if before >= deadline[0]:
                stop()

        return on_timed

    def _make_hook(self) -> BlockHook:
        known, learn, state = self._known, self._learn, self._state

        def on_block(_handle: object, address: int, size: int, _key: object) -> None:
            entry = known.get(address)
            if entry is None or entry[0] != size:
                entry = learn(address, size)
            state[0] += entry[1]
            state[1] = address

        return on_block

    def _learn(self, address: int, size: int) -> tuple[int, int]:
        """A block that is new, or has changed."""
        entry = self._known[address] = (size, count_instructions(self._read_code(address, size)))
        return entry

    @property
    def total(self) -> int:
        """Instructions executed, when nothing is being executed."""
        return self._state[0]

    @property
    def before_block(self) -> int:
        """Instructions executed before the present block."""
        total, block = self._state
        return total - self._known.get(block, (0, 0))[1]

    def before(self, pc: int) -> int:
        """Instructions executed before the one at `pc`."""
        total, block = self._state
        end = block + self._known.get(block, (0, 0))[0]
        if block <= pc < end:
            return total - count_instructions(self._read_code(pc, end - pc))
        return total

    def settle(self, pc: int) -> None:
        """Execution has stopped before `pc`: take back what was counted from there on."""
        self._state[:] = [self.before(pc), _NO_BLOCK]


def count_instructions(code: bytes) -> int:
    """How many Thumb instructions `code` is; it begins and ends with whole ones."""
    count = at = 0
    while at + 1 < len(code):
        at += 4 if code[at + 1] >> 3 >= _WIDE_FROM else 2
        count += 1
    return count
