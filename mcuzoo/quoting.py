"""Quote text from outside as a word of another language. All quoting is here.

Names of models, files, boards, tensors and folders are untrusted. Each function here returns text
that means exactly its argument in one language; `Quoted` marks it as such, and templates
(codegen/templates.py) refuse text without that mark.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

NAME_LIMIT = 60
"""Characters of a name that are kept in comments and in names of files and targets."""

_COMMENT_MARKS = re.compile(r"\*/|/\*|\?\?|[*\\]$")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")
_PLAIN_CMAKE = re.compile(r"[A-Za-z0-9_./:=+,@%-]+")
_CMAKE_SPECIAL = re.compile(r'([\\"$;])')
_SAFE_IN_STRINGS = "".join(chr(byte) for byte in range(32, 127) if chr(byte) not in '"\\?%$`')
_KCONFIG_SPECIAL = re.compile(r"[^A-Za-z0-9_.,:;+()\[\]/@=# -]")
_MARKDOWN_SPECIAL = re.compile(r"([\\`*\[\]<>|~&#!$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_PART = "[A-Za-z0-9_][A-Za-z0-9_.+-]*"
_PATH = re.compile(f"{_PART}(/{_PART})*")


class Quoted(str):
    """Text that may stand in a source file as it is."""

    __slots__ = ()


def code(text: str) -> Quoted:
    """Source text that we made ourselves, without text from outside."""
    return Quoted(text)


def one_line(text: str) -> str:
    """`text` with a _ for every character that is not printable: line ends, NUL, what turns the
    direction of writing, halves of surrogate pairs (bytes of a file name that are no UTF-8)."""
    return "".join(char if char.isprintable() else "_" for char in text)


def printable(text: str, limit: int | None = None) -> str:
    """`text`, or its first `limit` characters, with a ? for each that is not printable."""
    return "".join(char if char.isprintable() else "?" for char in text)[:limit]


def printable_lines(text: str) -> str:
    """As `printable`, but lines stay lines."""
    return "\n".join(map(printable, text.split("\n")))


def shortened(text: str, limit: int = NAME_LIMIT) -> str:
    """`text`, without its middle if it is long."""
    if len(text) <= limit:
        return text
    half = (limit - 2) // 2
    return f"{text[:half]}..{text[-half:]}"


def file_stem(name: str) -> str:
    """`name` as a part of a file's or target's name that every file system and tool takes."""
    return shortened(_NOT_IN_NAMES.sub("_", name))


def comment(text: str) -> Quoted:
    """Inside of a comment in C, assembler, a linker script or CMake; never the end of it."""
    return Quoted(_COMMENT_MARKS.sub(lambda found: "_" * len(found[0]), one_line(text)))


def c_string(text: str) -> Quoted:
    """A string literal of C; what is not printable ASCII becomes bytes of UTF-8 in octal."""
    return Quoted(f'"{_octal(text, "?")}"'.replace("?", "\\?"))


def asm_string(text: str) -> Quoted:
    """A string of the GNU assembler."""
    return Quoted(f'"{_octal(text)}"')


def _octal(text: str, plain: str = "") -> str:
    safe = frozenset(f"{_SAFE_IN_STRINGS}{plain}".encode())
    content = text.encode("utf-8", "replace")
    return "".join(chr(byte) if byte in safe else f"\\{byte:03o}" for byte in content)


def cmake(value: str | Sequence[str]) -> Quoted:
    """An argument of a CMake command, or several, with blanks between them."""
    if not isinstance(value, str):
        return Quoted(" ".join(map(cmake, value)))
    if _PLAIN_CMAKE.fullmatch(value):
        return Quoted(value)
    escaped = _CMAKE_SPECIAL.sub(r"\\\1", one_line(value))
    return Quoted(f'"{escaped}"')


def cmake_list(values: Sequence[str]) -> Quoted:
    """A CMake list inside of another argument; ValueError for an item that needs quotes."""
    for value in values:
        if not _PLAIN_CMAKE.fullmatch(value):
            raise ValueError(f"{value!r} cannot stand in a list of CMake's")
    return Quoted(";".join(values))


def kconfig(text: str) -> Quoted:
    """A string of Kconfig, which knows macros and environment variables inside of strings."""
    return Quoted(f'"{_KCONFIG_SPECIAL.sub("_", one_line(text))}"')


def json(value: object) -> Quoted:
    """A JSON value in ASCII."""
    from json import dumps  # here: every start of mcuzoo imports this module

    return Quoted(dumps(value))


def toml(text: str) -> Quoted:
    """A string of TOML."""
    from json import dumps

    return Quoted(dumps(one_line(text), ensure_ascii=False))


def markdown(text: str) -> Quoted:
    """Text of Markdown, in a table, too."""
    return Quoted(_MARKDOWN_SPECIAL.sub(r"\\\1", one_line(text)))


def code_span(text: str) -> Quoted:
    """A code span of Markdown, in a table, too."""
    shown = one_line(text).replace("|", "\\|")
    if "`" not in shown:
        return Quoted(f"`{shown}`")
    fence = "`" * (1 + max(map(len, re.findall("`+", shown))))
    return Quoted(f"{fence} {shown} {fence}")


def workflow_command(kind: str, text: str, title: str, file: str = "") -> str:
    """A workflow command of GitHub's runner: a line that it shows as an annotation.

    kind: "error", "warning" or "notice". file: relative to the repository, "" for none.
    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    place = f"file={_command_property(file)}," if file else ""
    return f"::{kind} {place}title={_command_property(title)}::{_command_data(text)}"


def _command_data(text: str) -> str:
    lines = (printable(line).replace("%", "%25") for line in text.splitlines())
    return "%0A".join(lines)


def _command_property(text: str) -> str:
    return _command_data(text).replace(":", "%3A").replace(",", "%2C")


def shell(text: str) -> Quoted:
    """A word of a POSIX shell; what is not printable by the escapes of bash and zsh."""
    if text.isprintable():
        return Quoted(shlex.quote(text))
    escaped = "".join(_shell_escape(char) for char in text)
    return Quoted(f"$'{escaped}'")


def _shell_escape(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if char.isprintable():
        return char
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))


def path(text: str) -> Quoted:
    """A relative POSIX path of a file of our own; ValueError for one that would need quotes."""
    if not _PATH.fullmatch(text):
        raise ValueError(f"{text!r} is no path of ours")
    return Quoted(text)
