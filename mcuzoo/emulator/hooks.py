"""The package unicorn, and hooks that it calls without the wrappers of its Python binding, which
would halve the speed."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from mcuzoo.emulator.block_counter import BlockHook
from mcuzoo.errors import EmulatorError
from mcuzoo.extras import missing_error

AccessHook = Callable[[object, int, int, int, int, object], None]
"""Gets a handle, the kind of access, address, size, value and a key."""
_EVERYWHERE = (ctypes.c_uint64(1), ctypes.c_uint64(0))  # begin above end: no bounds


def load_unicorn() -> tuple[Any, Any]:
    """The package and the module of its binding. Raises MissingExtraError."""
    try:
        import unicorn
        from unicorn.unicorn_py3 import unicorn as binding
    except ImportError:
        raise missing_error(["unicorn"], "The emulated board") from None
    return unicorn, binding


class Hooks:
    """Of the machine `uc`. Each is there from the next translation on, see ctl_flush_tb; what adds
    one returns what removes it.

    fail: gets what a hook has raised, but those on blocks and on all accesses, which are as quick
    as can be. No hook keeps `uc`, as those of its binding do: it goes with the last reference.
    """

    def __init__(self, uc: Any, fail: Callable[[BaseException], None]) -> None:
        self._handle = uc._uch
        self._fail = fail
        self._unicorn, self._binding = load_unicorn()
        self._kept: list[object] = []

    def on_blocks(self, called: BlockHook) -> Callable[[], object]:
        """Call it at the entry of each block."""
        callback = self._binding.HOOK_CODE_CFUNC(called)
        return self._add(self._unicorn.UC_HOOK_BLOCK, callback, _EVERYWHERE)

    def on_accesses(self, called: AccessHook, begin: int, end: int) -> Callable[[], object]:
        """Call it at each load from and store to [begin, end]."""
        callback = self._binding.HOOK_MEM_ACCESS_CFUNC(called)
        kinds = self._unicorn.UC_HOOK_MEM_READ | self._unicorn.UC_HOOK_MEM_WRITE
        return self._add(kinds, callback, (ctypes.c_uint64(begin), ctypes.c_uint64(end)))

    def on_reads(self, called: AccessHook, begin: int, end: int) -> Callable[[], object]:
        """Call it at each load from [begin, end]."""
        callback = self._binding.HOOK_MEM_ACCESS_CFUNC(self._guarded(called))
        span = ctypes.c_uint64(begin), ctypes.c_uint64(end)
        return self._add(self._unicorn.UC_HOOK_MEM_READ, callback, span)

    def on_invalid_memory(
        self, called: Callable[[object, int, int, int, int, object], bool]
    ) -> None:
        """Call it at each access that memory does not allow, with what an AccessHook gets."""
        callback = self._binding.HOOK_MEM_INVALID_CFUNC(self._guarded(called))
        self._add(self._unicorn.UC_HOOK_MEM_INVALID, callback, _EVERYWHERE)

    def on_undefined(self, called: Callable[[object, object], bool]) -> None:
        """Call it at each undefined instruction, with a handle and a key."""
        callback = self._binding.HOOK_INSN_INVALID_CFUNC(self._guarded(called))
        self._add(self._unicorn.UC_HOOK_INSN_INVALID, callback, _EVERYWHERE)

    def on_exception(self, called: Callable[[object, int, object], None]) -> None:
        """Call it at each exception, with a handle, QEMU's number of it and a key."""
        callback = self._binding.HOOK_INTR_CFUNC(self._guarded(called))
        self._add(self._unicorn.UC_HOOK_INTR, callback, _EVERYWHERE)

    def _guarded(self, called: Callable[..., object]) -> Callable[..., object]:
        """`called`, of which ctypes would only print what it raises."""

        def guarded(*arguments: object) -> object:
            try:
                return called(*arguments)
            except BaseException as failure:
                self._fail(failure)
                return 0

        return guarded

    def _add(
        self, kinds: int, callback: object, span: tuple[ctypes.c_uint64, ctypes.c_uint64]
    ) -> Callable[[], object]:
        self._kept.append(callback)
        handle = self._binding.uc_hook_h()
        library, engine = self._binding.uclib, self._handle
        status = library.uc_hook_add(engine, ctypes.byref(handle), kinds, callback, 0, *span)
        if status != self._unicorn.UC_ERR_OK:
            raise EmulatorError(
                f"unicorn cannot count instructions (status {status}).",
                "docs/emulator.md says what the emulated board models.",
            )
        return lambda: library.uc_hook_del(engine, handle)
