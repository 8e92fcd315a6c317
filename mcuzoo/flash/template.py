"""The way of the user's own: a command by a template."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence

from mcuzoo.errors import UsageError, command, did_you_mean
from mcuzoo.flash.image import Payload
from mcuzoo.flash.options import FlashOptions
from mcuzoo.flash.probes import Probe
from mcuzoo.flash.tools import run_tool
from mcuzoo.flash.way import Job, Obstacle, Update, Way

PLACES = ("elf", "bin", "hex", "address", "probe", "board")
"""The names that a template may have in braces."""

_PREFIX = "MCUZOO_FLASH_"
_PLACE = re.compile(r"\{([a-z]*)\}")


class CommandWay(Way):
    """A command of the user's, by a template. It is split into words first, and filled in then:
    what is filled in never becomes another word or code. With --shell a POSIX shell runs it, and
    each name becomes a variable of the environment, which a shell never runs as code."""

    name = "command"
    compares = ""

    @classmethod
    def obstacle(cls, payload: Payload, options: FlashOptions) -> Obstacle | None:
        if not options.command:
            return Obstacle("--command was not given")
        if options.shell and sys.platform == "win32":
            return Obstacle("--shell needs a POSIX shell, which Windows has not")
        return None

    @classmethod
    def drives(cls, probe: Probe, job: Job) -> bool:
        return probe.is_debugger

    @classmethod
    def needs_probe_for(cls, options: FlashOptions) -> bool:
        return False

    def steps(self) -> Sequence[str]:
        if not self.job.options.shell:
            return [command(*self._words())]
        return [
            *(f"export {command(f'{name}={value}')}" for name, value in self._variables()),
            self._line(),
        ]

    def write(self, update: Update) -> None:
        update("programming", 0, None)
        if self.job.options.shell:
            run_tool(self._line(), self.job.limit_s, variables=dict(self._variables()))
        else:
            run_tool(self._words(), self.job.limit_s)

    def _words(self) -> list[str]:
        try:
            words = shlex.split(self._template)
        except ValueError as error:
            raise UsageError(f"--command: {error}.", "Quote it as for a shell.") from error
        if not words:
            raise UsageError("--command is empty.", "--command 'TOOL {bin} {address}'")
        values = self._values()
        return [_filled(word, values) for word in words]

    def _line(self) -> str:
        return _filled(self._template, {name: f'"${{{_PREFIX}{name.upper()}}}"' for name in PLACES})

    def _variables(self) -> list[tuple[str, str]]:
        used = set(_PLACE.findall(self._template))
        values = self._values()
        return [(f"{_PREFIX}{name.upper()}", values[name]) for name in PLACES if name in used]

    @property
    def _template(self) -> str:
        return self.job.options.command or ""

    def _values(self) -> dict[str, str]:
        payload = self.job.payload
        return {
            "elf": str(payload.elf),
            "bin": str(payload.bin),
            "hex": str(payload.hex),
            "address": f"0x{payload.start:08X}",
            "probe": self.job.probe_id or self.job.options.probe or "",
            "board": payload.board.id,
        }


def _filled(text: str, values: dict[str, str]) -> str:
    """`text` with each {name}; raises UsageError for a name that there is not."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise UsageError(
                f"--command: there is no {{{name}}}.",
                f"{did_you_mean(name, PLACES)}Known: {' '.join(f'{{{one}}}' for one in PLACES)}",
            )
        return values[name]

    return _PLACE.sub(value, text)
