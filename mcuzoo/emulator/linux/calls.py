"""The system calls of the emulated Linux: what an agent with its model needs, and no more."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from errno import EBADF, EFAULT, EINVAL, ENOMEM, ENOSYS, ENOTTY
from typing import Protocol

from mcuzoo.emulator.linux.core import Core
from mcuzoo.emulator.linux.memory import Memory

COUNT_CLOCK = 0x4D5A
"""The clock that counts instructions, see firmware/port/linux/mz_linux_agent.h."""

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_LARGEST_TRANSFER = 1 << 20
_MOST_VECTORS, _MOST_POLLED = 1024, 64
_POLL_IN, _POLL_OUT, _POLL_INVALID = 1, 4, 32
_MAP_ANONYMOUS = 0x20
_REALTIME, _MONOTONIC, _MONOTONIC_RAW, _BOOTTIME = 0, 1, 4, 7
_BILLION = 10**9


class Leave(Exception):
    """The program ends itself; status: None to start it anew."""

    def __init__(self, status: int | None) -> None:
        super().__init__()
        self.status = status


class Line(Protocol):
    """The far end of standard input and output."""

    def read(self, most: int) -> bytes:
        """Up to `most` bytes, as soon as there are any; b"" if the board is to end before that."""
        ...

    def arrived(self, timeout_s: float | None) -> bool:
        """Whether there is something to read, after waiting for it; None: for ever."""
        ...

    def write(self, data: bytes) -> None: ...

    def talk_to(self, data: bytes) -> None:
        """Standard error."""
        ...


class Calls:
    """count: the instructions so far, 0 where they are not counted. unknown: gets the number of
    each call that is not emulated."""

    def __init__(
        self,
        core: Core,
        memory: Memory,
        line: Line,
        count: Callable[[], int],
        unknown: Callable[[int], None],
    ) -> None:
        self._core, self._memory, self._line = core, memory, line
        self._count, self._unknown = count, unknown
        done = _returning(0)
        self._known: dict[int, Callable[[list[int]], int]] = {
            29: lambda x: -ENOTTY,  # ioctl
            63: self._read,
            64: self._write,
            66: self._writev,
            73: self._ppoll,
            78: lambda x: -EINVAL,  # readlinkat
            93: self._exit,
            94: self._exit,  # exit_group
            96: _returning(1),  # set_tid_address
            99: done,  # set_robust_list
            113: self._clock_gettime,
            134: done,  # rt_sigaction
            135: done,  # rt_sigprocmask
            160: self._uname,
            172: _returning(1),  # getpid
            178: _returning(1),  # gettid
            214: lambda x: memory.move_heap(x[0]),  # brk
            215: done,  # munmap
            221: self._execve,
            222: self._mmap,
            226: done,  # mprotect
            261: done,  # prlimit64
            278: self._getrandom,
            293: _returning(-ENOSYS),  # rseq: glibc does without it
        }

    def handle(self) -> None:
        """Do what the registers ask for. Raises Leave."""
        x = self._core.arguments()
        call = self._known.get(x[8])
        if call is None:
            self._unknown(x[8])
        self._core.answer(-ENOSYS if call is None else call(x))

    def _read(self, x: list[int]) -> int:
        if x[0] != _STDIN:
            return -EBADF
        data = self._line.read(min(x[2], _LARGEST_TRANSFER))
        return len(data) if self._core.write(x[1], data) else -EFAULT

    def _write(self, x: list[int]) -> int:
        return self._send(x[0], x[1], x[2])

    def _send(self, file: int, address: int, size: int) -> int:
        if file not in (_STDOUT, _STDERR):
            return -EBADF
        data = self._core.read(address, min(size, _LARGEST_TRANSFER)) if size else b""
        if data is None:
            return -EFAULT
        (self._line.write if file == _STDOUT else self._line.talk_to)(data)
        return len(data)

    def _writev(self, x: list[int]) -> int:
        if not 0 <= x[2] <= _MOST_VECTORS:
            return -EINVAL
        vectors = self._core.read(x[1], 16 * x[2]) if x[2] else b""
        if vectors is None:
            return -EFAULT
        sent = 0
        for address, size in struct.iter_unpack("<QQ", vectors):
            done = self._send(x[0], address, size)
            if done < 0:
                return sent or done
            sent += done
            if done < size:
                break
        return sent

    def _ppoll(self, x: list[int]) -> int:
        if not 0 <= x[1] <= _MOST_POLLED:
            return -EINVAL
        asked = self._core.read(x[0], 8 * x[1]) if x[1] else b""
        limit = self._core.read(x[2], 16) if x[2] else struct.pack("<qq", -1, 0)
        if asked is None or limit is None:
            return -EFAULT
        polled = list(struct.iter_unpack("<ihh", asked))
        seconds, nanoseconds = struct.unpack("<qq", limit)
        timeout_s = None if seconds < 0 else min(seconds, 3600) + nanoseconds / _BILLION
        listens = any(file == _STDIN and events & _POLL_IN for file, events, _ in polled)
        at_once = any(
            file > _STDERR or events & _POLL_OUT for file, events, _ in polled if file >= 0
        )
        arrived = listens and self._line.arrived(0.0 if at_once else timeout_s)
        if not listens and not at_once:
            time.sleep(min(timeout_s or 0.0, 1.0))
        answers = [_happened(file, events, arrived) for file, events, _ in polled]
        back = b"".join(
            struct.pack("<ihh", file, events, answer)
            for (file, events, _), answer in zip(polled, answers, strict=True)
        )
        return sum(map(bool, answers)) if self._core.write(x[0], back) else -EFAULT

    def _clock_gettime(self, x: list[int]) -> int:
        if x[0] == COUNT_CLOCK:
            now = self._count()
        elif x[0] == _REALTIME:
            now = time.time_ns()
        elif x[0] in (_MONOTONIC, _MONOTONIC_RAW, _BOOTTIME):
            now = time.monotonic_ns()
        else:
            return -EINVAL
        place = struct.pack("<qq", *divmod(now, _BILLION))
        return 0 if self._core.write(x[1], place) else -EFAULT

    def _exit(self, x: list[int]) -> int:
        raise Leave(x[0] & 0xFF)

    def _execve(self, x: list[int]) -> int:
        raise Leave(None)

    def _mmap(self, x: list[int]) -> int:
        if not x[3] & _MAP_ANONYMOUS:
            return -EBADF
        place = self._memory.allocate(x[1])
        return -ENOMEM if place is None else place

    def _uname(self, x: list[int]) -> int:
        words = (b"Linux", b"emulated", b"6.6.36", b"mcuzoo", b"aarch64", b"")
        return (
            0
            if self._core.write(x[0], b"".join(one.ljust(65, b"\0") for one in words))
            else -EFAULT
        )

    def _getrandom(self, x: list[int]) -> int:
        size = min(x[1], 256)
        return size if self._core.write(x[0], bytes(size)) else -EFAULT


def _returning(value: int) -> Callable[[list[int]], int]:
    return lambda x: value


def _happened(file: int, events: int, arrived: bool) -> int:
    if file < 0:
        return 0
    if file > _STDERR:
        return _POLL_INVALID
    into = _POLL_IN if file == _STDIN and arrived else 0
    return events & (into | (_POLL_OUT if file != _STDIN else 0))
