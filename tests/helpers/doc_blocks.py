"""The code blocks of the pages: what a reader would type, and what stands above a block for tests.

A fence says what its block is: `sh` (commands), `console` (commands after `$ `, and what they
print), `python`, `pycon` (a session of Python), `toml`, `yaml`, or what nobody runs (`text`, `c`).
Directly above it may stand comments of HTML, which readers do not see:

    <!-- needs: board -->      it cannot run here, and why: it is only parsed
    <!-- setup: COMMAND -->    run before the block, such as making the folder that a page speaks of
    <!-- file: NAME -->        the block is the content of that file
    <!-- exit: 1 -->           what the last command of the block ends with; else 0
    <!-- stop: Ctrl-C -->      each command runs until it is stopped, once it has printed a line
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))

NEEDS = {
    "board": "a board, a probe or a rig",
    "farm": "a labgrid farm",
    "sdk": "NXP's SDK",
    "tflm": "a tree of TFLite-Micro",
    "network": "a network",
    "data": "a published model or data set",
    "tensorflow": "TensorFlow",
    "npu": "Vela, the extra npu",
    "checkout": "a checkout of mcuzoo",
    "root": "rights of root",
    "fragment": "the rest of a program",
    "time": "more time than a test has",
}
"""Why a block is not run, by the word of its mark."""

SHELL = ("sh", "console")
KINDS = {*SHELL, "python", "pycon", "toml", "yaml", "ini", "json", "text", "c", "html"}

_FENCE = re.compile(
    r"(?P<marks>(?:^<!--[^\n]*-->\n)*)^```(?P<kind>[^\n]*)\n(?P<body>.*?)^```$", re.M | re.S
)
_MARK = re.compile(r"<!-- (\w+): (.*?) -->")
_INLINE = re.compile(r"`(mcuzoo [^`]+)`")
_COMMAND = re.compile(
    r"\s*(\$ )?([A-Z_]+=\S+ )*(\.venv/bin/)?(mcuzoo|make|python3?|pip|pytest|cd|export|west|\.) "
)


@dataclass(frozen=True)
class Typed:
    """A command, and what the page says that it prints; None if it does not say."""

    text: str
    output: str | None = None


@dataclass(frozen=True)
class Block:
    """kind: of its fence. body: as it stands there. marks: in their order, by word."""

    page: Path
    line: int
    kind: str
    body: str
    marks: tuple[tuple[str, str], ...]

    def marked(self, word: str) -> str | None:
        return next((value for name, value in self.marks if name == word), None)

    @property
    def needs(self) -> str | None:
        return self.marked("needs")

    @property
    def setup(self) -> tuple[str, ...]:
        return tuple(value for name, value in self.marks if name == "setup")

    @property
    def commands(self) -> tuple[Typed, ...]:
        if self.kind == "sh":
            return tuple(Typed(line) for line in _joined(self.body) if line.strip())
        if self.kind == "console":
            return tuple(_session(self.body))
        return ()

    @property
    def where(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        kind = match["kind"].strip()
        # Without a language: commands, if it begins like one.
        if not kind and _COMMAND.match(match["body"]):
            kind = "console" if match["body"].startswith("$ ") else "sh"
        line = text.count("\n", 0, match.start("kind")) + 1
        marks = tuple(_MARK.findall(match["marks"]))
        found.append(Block(page, line, kind, match["body"], marks))
    return found


def inline(page: Path) -> list[str]:
    """The mcuzoo commands in the sentences of a page."""
    return _INLINE.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))


def words(text: str) -> list[list[str]]:
    """The mcuzoo commands of a line, as argument lists; what stands in brackets may be left out."""
    found = []
    for part in re.split(r"&&|\|\||;|\| ", re.sub(r"(^|\s)#.*", "", text)):
        head = re.match(r"\s*(?:[A-Z_]+=\S+\s+)*(?:\.venv/bin/)?mcuzoo\b", part)
        if head and "…" not in part:
            plain = re.sub(r"\[([^\]]*)\]", r" \1 ", part[head.end() :])
            found.append(_until_redirected(shlex.split(plain)))
    return found


def _until_redirected(arguments: list[str]) -> list[str]:
    ends = [at for at, word in enumerate(arguments) if word in (">", ">>", "<", "2>")]
    return arguments[: ends[0]] if ends else arguments


def _joined(body: str) -> Iterator[str]:
    """Lines, where one that ends in a backslash goes on in the next."""
    yield from re.sub(r"\\\n\s*", "", body).splitlines()


def _session(body: str) -> Iterator[Typed]:
    command: str | None = None
    printed: list[str] = []
    for line in _joined(body):
        if line.startswith("$ "):
            if command is not None:
                yield Typed(command, "\n".join(printed))
            command, printed = line[2:], []
        else:
            printed.append(line)
    if command is not None:
        yield Typed(command, "\n".join(printed))


_VARIES = re.compile(
    r"\.\.\."
    r"|\d[\d,.]*(?= (?:s|ms|min|GB|MB/s|KB/s|images/s)\b)"
    r"|gcc \d+\.\d+\.\d+(?: \d{8})?"
)


def as_pattern(printed: str) -> re.Pattern[str]:
    """What a page shows, as a pattern of what a command prints.

    Three things vary: `...` is any text, and as a whole line any number of lines; a number before
    s, ms, min, images/s, KB/s, MB/s or GB is any number; a version of gcc is any version.
    """
    lines = []
    for line in printed.strip("\n").splitlines():
        if line.strip() == "...":
            lines.append(r"(?:[^\n]*\n)*?")
            continue
        at, parts = 0, []
        for match in _VARIES.finditer(line.rstrip()):
            parts.append(re.escape(line[at : match.start()]))
            if match[0] == "...":
                parts.append(r"[^\n]*")
            else:
                parts.append(r"gcc [\d. ]+\d" if match[0].startswith("gcc") else r"\d[\d,.]*")
            at = match.end()
        lines.append("".join([*parts, re.escape(line.rstrip()[at:]), r"[ ]*\n"]))
    return re.compile(r"\n*" + "".join(lines) + r"\n*")
