"""What TFLite Micro's own recording allocator says about a model, from the tflite-micro wheel."""

from __future__ import annotations

import os
import re
import tempfile

ARENA_BYTES = 1 << 22
_HEAD = re.compile(r"Arena allocation head (\d+) bytes")


def tflm_head_bytes(raw: bytes) -> int:
    """The head of the arena. The host's pointers are wider than the target's, so its tail is
    another one."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(raw, arena_size=ARENA_BYTES)
    found = _HEAD.search(_printed(interpreter.print_allocations))
    assert found is not None
    return int(found[1])


def _printed(call: object) -> str:
    """What `call` writes to the process's stderr; it does not go through Python's."""
    assert callable(call)
    saved = os.dup(2)
    try:
        with tempfile.TemporaryFile() as file:
            os.dup2(file.fileno(), 2)
            try:
                call()
            finally:
                os.dup2(saved, 2)
            file.seek(0)
            return file.read().decode()
    finally:
        os.close(saved)
