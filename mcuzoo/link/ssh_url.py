"""ssh:// URLs: the folder of an exported project on a Linux board, and how its agent is started.

    ssh://[user@]host[:port][/folder][?delegate=NAME&...]

The folder is a path of the board; /~/x is x in the home directory, and so is the default, ~/mcuzoo.
The parts may come from a file of somebody else: none of them becomes an option of ssh, or more
than one word of the command at the far end.
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from mcuzoo.errors import PortError, command, did_you_mean
from mcuzoo.project.kinds import PYTHON_AGENT

SCHEME = "ssh://"
PROGRAM = "MCUZOO_SSH"
"""A variable of the environment: the program to use instead of ssh, with options for it."""
DEFAULT_FOLDER = "mcuzoo"

_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\$?")
_HOST = re.compile(
    r"([A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?\])(?::[0-9]*)?"
)
"""A name or an address, and perhaps a port behind it."""
_OPTIONS = {
    "delegate": "--delegate",
    "model": "--model",
    "compiled": "--compiled",
    "threads": "--threads",
    "warm-up": "--warm-up",
    "runtime": "--runtime",
    "max-model": "--max-model",
}
"""Options of the URL, and those of the agent that they become."""
_SEVERAL = ("delegate", "compiled")
_PYTHON = "python"


@dataclass(frozen=True)
class SshTarget:
    """Where an agent is, and how it is started. user: "" for the one that ssh takes. port: 0 for
    the one that ssh takes. folder: of the project, on the board. python: the program there.
    options: words for the agent."""

    user: str
    host: str
    port: int
    folder: str
    python: str
    options: tuple[str, ...]

    @property
    def login(self) -> str:
        """[user@]host, as ssh is told it."""
        host = self.host.strip("[]")
        return f"{self.user}@{host}" if self.user else host

    @property
    def agent(self) -> str:
        """The agent's path on the board."""
        return f"{self.folder.rstrip('/')}/{PYTHON_AGENT}"

    @property
    def far_command(self) -> str:
        """What the board's shell is told."""
        words = (self.python, self.agent, "--stdio", *self.options)
        return "exec " + " ".join(shlex.quote(word) for word in words)

    def ssh_words(self, *options: str) -> tuple[str, ...]:
        """ssh with `options`, and the login that it goes to."""
        port = ("-p", str(self.port)) if self.port else ()
        return (*ssh_program(), *options, *port, "--", self.login)

    def shown(self, program: str, *behind: str) -> str:
        """A command to be pasted: `program` (ssh, ssh-copy-id) to this login, then `behind`."""
        port = ("-p", str(self.port)) if self.port else ()
        return command(program, *port, self.login, *behind)

    @property
    def by_hand(self) -> str:
        """A command to be pasted, which starts the agent in the terminal."""
        return self.shown("ssh", self.far_command.removeprefix("exec "))

    def copying(self, what: str) -> str:
        """A command to be pasted, which copies a folder to where the project should be."""
        port = ("-P", str(self.port)) if self.port else ()
        return command("scp", "-r", *port, what, f"{self.login}:{self.folder}")


def ssh_program() -> tuple[str, ...]:
    """The ssh to be used, with what the environment says for it."""
    return tuple(shlex.split(os.environ.get(PROGRAM, ""))) or ("ssh",)


def parse_ssh_url(url: str) -> SshTarget:
    """The parts of `url`. Raises PortError."""
    try:
        parts = urlsplit(url)
        port = parts.port or 0
    except ValueError as error:
        raise _bad(url, f"{error}") from error
    user, at, place = parts.netloc.rpartition("@")
    if at and not _USER.fullmatch(user):
        raise _bad(url, f"{user!r} is no user")
    found = _HOST.fullmatch(place)
    if found is None:
        raise _bad(url, f"{place!r} is no host" if place else "no host")
    if parts.fragment:
        raise _bad(url, "a part behind #")
    folder = unquote(parts.path)
    if folder.startswith("/~/"):
        folder = folder[len("/~/") :]
    folder = folder.rstrip("/") or DEFAULT_FOLDER
    if folder.startswith("-") or not folder.isprintable():
        raise _bad(url, f"{folder!r} is no folder")
    python, options = _options(url, parts.query)
    return SshTarget(user, found[1], port, folder, python, options)


def _options(url: str, query: str) -> tuple[str, tuple[str, ...]]:
    python = "python3"
    words: list[str] = []
    seen: set[str] = set()
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name != _PYTHON and name not in _OPTIONS:
            guess = did_you_mean(name, (*_OPTIONS, _PYTHON))
            raise _bad(url, f"unknown option {name!r}", guess)
        if not value or not value.isprintable() or value.startswith("-"):
            raise _bad(url, f"{name}={value!r}")
        if name in seen and name not in _SEVERAL:
            raise _bad(url, f"{name} twice")
        seen.add(name)
        if name == _PYTHON:
            python = value
        else:
            words += [_OPTIONS[name], value]
    return python, tuple(words)


def _bad(url: str, what: str, guess: str = "") -> PortError:
    return PortError(
        f"{url!r}: {what}.",
        f"{guess}{SCHEME}USER@HOST:PORT/FOLDER?delegate=ethosu; user, port, folder and options "
        f"({', '.join((*_OPTIONS, _PYTHON))}) may be left out.",
    )
