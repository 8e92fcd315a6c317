"""Does TFLite Micro allocate and run a model? Asked of the tflite-micro wheel in processes of their
own: what its kernels CHECK ends the process, and that counts as a no. So does what takes 20 s."""

from __future__ import annotations

import struct
import subprocess
import sys
from types import TracebackType

_ASKED = struct.Struct("<II")
_CHILD = """
import signal, struct, sys
from tflite_micro.python.tflite_micro import _runtime
config = _runtime.PythonInterpreterConfig.kAllocationRecording
asked, answers = sys.stdin.buffer, sys.stdout.buffer
while head := asked.read(8):
    size, arena = struct.unpack("<II", head)
    signal.alarm(20)
    try:
        # Not the wheel's own class, whose Python reads more of a file than TFLM does.
        raw = asked.read(size)
        interpreter = _runtime.InterpreterWrapper(raw, [], arena, 0, config, 0)
        interpreter.Invoke()
        answer = b"y"
    except Exception:
        answer = b"n"
    signal.alarm(0)
    answers.write(answer)
    answers.flush()
"""


class TflmTrial:
    """A process that is asked model after model, and started anew where one ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def runs(self, raw: bytes, arena_bytes: int) -> bool:
        """Does TFLM allocate and invoke `raw`, its inputs all zeros, in an arena of this size?"""
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(_ASKED.pack(len(raw), arena_bytes) + raw)
        process.stdin.flush()
        answer = process.stdout.read(1)
        if answer:
            return answer == b"y"
        self.close()
        return False

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def __enter__(self) -> TflmTrial:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._process
