"""The agent of a Linux board as a port: OpenSSH starts it, its stdin and stdout are the line. No
port is opened at the far end."""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import suppress
from typing import IO

from mcuzoo.errors import PortError, command
from mcuzoo.link.ssh_url import PROGRAM, SshTarget, parse_ssh_url
from mcuzoo.processes import apart, end
from mcuzoo.quoting import printable

CONNECT_S = 30.0
"""How long a login and the start of Python may take, on a slow board."""
_SSH_OPTIONS = (
    "-T", "-x", "-a",
    "-o", "BatchMode=yes",
    "-o", "ClearAllForwardings=yes",
    "-o", "ConnectTimeout=15",
    "-o", "ServerAliveInterval=10",
    "-o", "ServerAliveCountMax=3",
)  # fmt: skip
"""No terminal, nothing forwarded, no question; a board that is gone ends it after 30 s."""
_MOST_WAITING = 1 << 20
_KEPT_WORDS = 4096
_PIECE = 65536
_GRACE_S = 2.0
_SSH_FAILED = 255
_NOT_FOUND = 127


class SshPort:
    """Use as a serial port. `read` gives what has come, b"" after `timeout_s` without any."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """Log in and start the agent. Raises PortError, with what to do about it."""
        self._target = parse_ssh_url(url)
        self._timeout_s = timeout_s
        self._waiting = bytearray()
        self._words = bytearray()
        self._ended = False
        self._closed = False
        self._news = threading.Condition()
        words = (*self._target.ssh_words(*_SSH_OPTIONS), self._target.far_command)
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                **apart(),
            )
        except OSError as error:
            raise PortError(
                f"ssh cannot be started: {words[0]}: {error.strerror or error}.",
                f"Install OpenSSH's client (apt install openssh-client), or name it: {PROGRAM}=ssh",
            ) from error
        assert self._process.stdout is not None and self._process.stderr is not None
        self._readers = (
            threading.Thread(target=self._collect, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True),
        )
        for reader in self._readers:
            reader.start()
        try:
            self._await_agent()
        except BaseException:
            self.close()
            raise

    @property
    def in_waiting(self) -> int:
        with self._news:
            return len(self._waiting)

    def read(self, size: int, /) -> bytes:
        """Raises OSError when the agent or the connection has ended."""
        with self._news:
            self._news.wait_for(lambda: self._waiting or self._ended, self._timeout_s)
            if not self._waiting and self._ended:
                raise OSError(self._end_in_words())
            taken = bytes(self._waiting[:size])
            del self._waiting[:size]
            self._news.notify_all()
            return taken

    def write(self, data: bytes, /) -> int:
        """Raises OSError when the agent or the connection has ended."""
        assert self._process.stdin is not None
        left = memoryview(data)
        try:
            while left:
                left = left[self._process.stdin.write(left) or 0 :]
        except (OSError, ValueError) as error:
            raise OSError(self._end_in_words()) from error
        return len(data)

    def close(self) -> None:
        """End the agent: its stdin ends, and ssh with it."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        end(self._process, _GRACE_S)
        for reader in self._readers:
            reader.join(_GRACE_S)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def _collect(self, stream: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            while data := stream.read(_PIECE):
                with self._news:
                    self._news.wait_for(lambda: self._closed or len(self._waiting) < _MOST_WAITING)
                    self._waiting += data
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _listen(self, stream: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            while data := stream.read(_PIECE):
                self._words = (self._words + data)[-_KEPT_WORDS:]

    def _await_agent(self) -> None:
        """Wait for the first byte: the agent says BOOT when it starts."""
        deadline = time.monotonic() + CONNECT_S
        with self._news:
            while not self._waiting:
                left_s = deadline - time.monotonic()
                if self._ended or left_s <= 0:
                    break
                self._news.wait(left_s)
            if self._waiting:
                return
            ended = self._ended
        if not ended:
            raise PortError(
                f"{self._target.login} took the login, and no agent has answered in "
                f"{CONNECT_S:g} s: {self._said() or 'not a word'}.",
                f"Start it by hand to see what it does: {self._target.by_hand}",
            )
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        self._readers[1].join(_GRACE_S)
        raise explained(self._target, self._process.returncode, self._said())

    def _said(self) -> str:
        """The last words of ssh and of the agent, on one line."""
        text = bytes(self._words).decode("utf-8", errors="replace")
        lines = [printable(line).strip() for line in text.splitlines()]
        lines = [line for line in lines if line]
        return " | ".join(lines[-3:]).rstrip(".")

    def _end_in_words(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        self._readers[1].join(_GRACE_S)
        said = self._said()
        if self._process.returncode == _SSH_FAILED:
            return f"the connection ended: {said or 'ssh says nothing'}"
        return f"the agent ended (exit code {self._process.returncode})" + (
            f": {said}" if said else ""
        )


def explained(target: SshTarget, code: int | None, said: str) -> PortError:
    """The error for an ssh that ended with `code` before the agent answered. said: its words."""
    login = target.login
    shown = said or "ssh says nothing"
    if code != _SSH_FAILED:
        return _no_agent(target, code, said)
    if "IDENTIFICATION HAS CHANGED" in said or "Offending" in said:
        return PortError(
            f"{login} has another host key than before: {shown}.",
            f"If the board was set up anew, forget the old key: {_forget(target)}",
        )
    if "Host key verification failed" in said:
        return PortError(
            f"The host key of {login} is not known here yet.",
            f"Log in once and accept it: {target.shown('ssh', 'true')}",
        )
    if "Permission denied" in said or "Too many authentication failures" in said:
        return PortError(
            f"{login} refuses the login: {shown}.",
            f"mcuzoo types no password; give the board your key: {target.shown('ssh-copy-id')}",
        )
    if "resolve hostname" in said or "not known" in said:
        return PortError(
            f"There is no host {target.host}: {shown}.",
            "Take the board's address, as `ip addr` on its console shows it.",
        )
    gone = PortError(
        f"{login} cannot be reached: {shown}.",
        f"Is the board on, its network up, and does sshd run there? {target.shown('ssh', 'true')}",
    )
    gone.absent = True
    return gone


def _forget(target: SshTarget) -> str:
    host = target.host.strip("[]")
    return command("ssh-keygen", "-R", f"[{host}]:{target.port}" if target.port else host)


def _no_agent(target: SshTarget, code: int | None, said: str) -> PortError:
    if code == _NOT_FOUND or (said and "not found" in said and target.python in said):
        return PortError(
            f"{target.login} has no program {target.python}: {said or 'exit code 127'}.",
            "Name the board's Python: ?python=/usr/bin/python3",
        )
    if "No such file" in said:
        return PortError(
            f"There is no agent at {target.agent} on {target.login}.",
            f"Copy the exported project there: {target.copying('PROJECT')}",
        )
    return PortError(
        f"The agent on {target.login} ended at once (exit code {code}): {said or 'not a word'}.",
        f"Start it by hand to see what it does: {target.by_hand}",
    )
