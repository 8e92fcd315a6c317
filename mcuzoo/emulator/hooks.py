"""The package unicorn, and hooks that it calls without the wrappers of its Python binding, which
would halve the speed and keep the machine alive."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from mcuzoo.emulator.block_counter import BlockHook
from mcuzoo.errors import EmulatorError
from mcuzoo.extras import missing_error

AccessHook = Callable[[object, int, int, int, int, object], None]
"""Gets a handle, the kind of access, address, size, value and a key."""
BadAccessHook = Callable[[object, int, int, int, int, object], bool]
"""As AccessHook; whether the run goes on."""
UndefinedHook = Callable[[object, object], bool]
"""Gets a handle and a key; whether the run goes on."""
ExceptionHook = Callable[[object, int, object], None]
"""Gets a handle, QEMU's number of the exception and a key."""
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
    one returns what removes it."""

    def __init__(self, uc: Any) -> None:
        self._engine = uc._uch
        self._unicorn, self._binding = load_unicorn()
        self._kept: list[object] = []

    def on_blocks(self, called: BlockHook) -> Callable[[], object]:
        """Call it at the entry of each block."""
        callback = self._binding.HOOK_CODE_CFUNC(called)
        return self._add(self._unicorn.UC_HOOK_BLOCK, callback)

    def on_reads(self, called: AccessHook, begin: int, end: int) -> Callable[[], object]:
        """Call it at each load from [begin, end]."""
        callback = self._binding.HOOK_MEM_ACCESS_CFUNC(called)
        span = ctypes.c_uint64(begin), ctypes.c_uint64(end)
        return self._add(self._unicorn.UC_HOOK_MEM_READ, callback, span)

    def on_accesses(self, called: AccessHook, begin: int, end: int) -> Callable[[], object]:
        """Call it at each load from and store to [begin, end]."""
        callback = self._binding.HOOK_MEM_ACCESS_CFUNC(called)
        kinds = self._unicorn.UC_HOOK_MEM_READ | self._unicorn.UC_HOOK_MEM_WRITE
        return self._add(kinds, callback, (ctypes.c_uint64(begin), ctypes.c_uint64(end)))

    def on_bad_accesses(self, called: BadAccessHook) -> Callable[[], object]:
        """Call it at each access that memory does not allow."""
        callback = self._binding.HOOK_MEM_INVALID_CFUNC(called)
        return self._add(self._unicorn.UC_HOOK_MEM_INVALID, callback)

    def on_undefined(self, called: UndefinedHook) -> Callable[[], object]:
        """Call it at each undefined instruction."""
        callback = self._binding.HOOK_INSN_INVALID_CFUNC(called)
        return self._add(self._unicorn.UC_HOOK_INSN_INVALID, callback)

    def on_exceptions(self, called: ExceptionHook) -> Callable[[], object]:
        """Call it at each exception."""
        return self._add(self._unicorn.UC_HOOK_INTR, self._binding.HOOK_INTR_CFUNC(called))

    def _add(
        self,
        kinds: int,
        callback: object,
        span: tuple[ctypes.c_uint64, ctypes.c_uint64] = _EVERYWHERE,
    ) -> Callable[[], object]:
        self._kept.append(callback)
        handle = self._binding.uc_hook_h()
        library, engine = self._binding.uclib, self._engine
        status = library.uc_hook_add(engine, ctypes.byref(handle), kinds, callback, 0, *span)
        if status != self._unicorn.UC_ERR_OK:
            raise EmulatorError(
                f"unicorn takes no such hook (status {status}).",
                "docs/emulator.md says what the emulated board models.",
            )
        return lambda: library.uc_hook_del(engine, handle)
