"""The firmware compiled for this machine, and running as a process that plays the board."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from helpers.objects import compile_c
from numpy.typing import NDArray

from mcuzoo.resources import firmware_dir

TESTS = Path(__file__).resolve().parent.parent
ECHO_RUNTIME = TESTS / "firmware_host" / "echo_runtime.c"
SLOT_RUNTIME = TESTS / "firmware_host" / "slot_runtime.c"
HOST_PORT = ("port/posix/mz_posix.c", "port/host/mz_port_host.c")
"""The C files of a process that is a board, below firmware/."""
SLOT_CAPACITY = 20000
SLOT_TENSOR_BYTES = 1500
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror")
TRAPS = ("-O1", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error")
"""Flags of a library that ends the test at undefined behaviour."""
RESET_STATUS = 75
SANITIZER_REPORTS = ("AddressSanitizer", "runtime error", "LeakSanitizer")


def find_host_compiler() -> list[str]:
    """gcc, clang or zig cc, as the start of a command; skips the test when there is none."""
    for name in ("gcc", "clang"):
        if found := shutil.which(name):
            return [found]
    pytest.importorskip("ziglang", reason="no host C compiler")
    return [sys.executable, "-m", "ziglang", "cc"]


def shared_library(library: Path, sources: Iterable[Path], *flags: str) -> ctypes.CDLL:
    """C of the firmware, and of tests, as `library`; skips the test without a C compiler."""
    options = [*WARNINGS, *flags, "-shared", "-fPIC", f"-I{firmware_dir()}"]
    compile_c([*find_host_compiler(), *options, *map(str, sources), "-o", str(library)])
    return ctypes.CDLL(str(library))


def sanitizer_flags(compiler: Sequence[str]) -> list[str]:
    """ASan and UBSan, where this compiler can link them."""
    return list(_sanitizer_flags(tuple(compiler)))


@cache
def _sanitizer_flags(compiler: tuple[str, ...]) -> tuple[str, ...]:
    flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.c"
        source.write_text("int main(void) { return 0; }\n")
        command = [*compiler, *flags, str(source), "-o", str(source.with_suffix(""))]
        probe = subprocess.run(command, capture_output=True)
        if probe.returncode == 0:
            probe = subprocess.run([str(source.with_suffix(""))], capture_output=True)
    return flags if probe.returncode == 0 else ()


def build_host_firmware(
    executable: Path,
    runtime: Sequence[Path] = (ECHO_RUNTIME,),
    options: Sequence[str] = (),
    upload: str = "none",
    image: str = "whole",
) -> Path:
    """Link the firmware's link, app and host port with `runtime` sources; sanitized.

    upload: "slot" for a firmware that takes models. image: "rows" for a runtime that consumes its
    input as it arrives.
    """
    firmware = firmware_dir()
    compiler = find_host_compiler()
    sources = [
        *sorted((firmware / "link").glob("*.c")),
        *sorted((firmware / "app").glob("*.c")),
        *sorted((firmware / "port").glob("*.c")),
        *sorted((firmware / "upload" / upload).glob("*.c")),
        *sorted((firmware / "image" / image).glob("*.c")),
        *(firmware / name for name in HOST_PORT),
        *runtime,
    ]
    compile_c(
        [
            *compiler,
            *WARNINGS,
            "-O1",
            *sanitizer_flags(compiler),
            f"-I{firmware}",
            f"-I{firmware / 'port' / 'host'}",
            *options,
            *(str(source) for source in sources),
            "-o",
            str(executable),
        ]
    )
    return executable


def build_echo_firmware(executable: Path, image: str, *options: str) -> Path:
    """The firmware over echo_runtime.c; `image` as above."""
    rows = ("-DWITH_ROWS",) if image == "rows" else ()
    return build_host_firmware(executable, options=(*rows, *options), image=image)


def echo_output(image: NDArray[np.int8], output_bytes: int = 1500) -> NDArray[np.int8]:
    """What echo_runtime.c answers: int8 (output_bytes,)."""
    data = image.tobytes()
    total = 0
    for byte in data:
        total = (total * 31 + byte) & 0xFFFFFFFF
    places = range(output_bytes)
    values = [((total >> i % 25) + data[i * 7 % len(data)]) & 0xFF for i in places]
    return np.array(values, dtype=np.uint8).view(np.int8)


def slot_output(model: bytes, image: NDArray[np.int8]) -> NDArray[np.int8]:
    """What slot_runtime.c answers with `model` uploaded: int8 (1500,)."""
    total = 0
    for byte in model:
        total = (total * 31 + byte) & 0xFFFFFFFF
    values = []
    for byte in image.tobytes():
        total = (total * 31 + byte) & 0xFFFFFFFF
        values.append(total >> 7 & 0xFF)
    return np.array(values, dtype=np.uint8).view(np.int8)


class HostBoard:
    """A board that is a process; its UART is a pair of pipes. `restart` is its reset button."""

    def __init__(self, executable: Path, folder: Path, **environment: str) -> None:
        self.executable = executable
        self._environment = {
            **os.environ, "UBSAN_OPTIONS": "print_stacktrace=1",
            "MZ_HOST_RETAINED": str(folder / "board-retained.bin"), **environment,
        }  # fmt: skip
        self._stderr = folder / "board-stderr.txt"
        self.restarts = 0
        self._start()

    def _start(self) -> None:
        with self._stderr.open("ab") as stderr:
            self.process = subprocess.Popen(
                [str(self.executable)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=self._environment,
                bufsize=0,
            )
        self.alive = True

    @property
    def output_fd(self) -> int:
        assert self.process.stdout
        return self.process.stdout.fileno()

    @property
    def invocations(self) -> int:
        return self.said.count("invoke\n")

    @property
    def said(self) -> str:
        """What the runtime has written to stderr, over all restarts."""
        return self._stderr.read_text()

    def write(self, data: bytes) -> None:
        """Into the board's receiver; a dead board hears nothing."""
        assert self.process.stdin
        try:
            while data:
                data = data[self.process.stdin.write(data) or 0 :]
        except BrokenPipeError:
            pass

    def read(self) -> bytes:
        """From the board's transmitter; empty when it is dead."""
        return os.read(self.output_fd, 4096)

    def process_ended(self) -> None:
        """The process has ended: start it again if that is how mz_port_reset ends it."""
        self.alive = False
        if self.process.wait() == RESET_STATUS:
            self.restart()

    def restart(self) -> None:
        self.kill()
        self._close_pipes()
        self.restarts += 1
        self._start()

    def kill(self) -> None:
        self.alive = False
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Unplug it. Fails when a sanitizer had something to say."""
        self.kill()
        self._close_pipes()
        said = self._stderr.read_text()
        assert not any(report in said for report in SANITIZER_REPORTS), said

    def _close_pipes(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
