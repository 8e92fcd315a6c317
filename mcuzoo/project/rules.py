"""The values that a manifest's fields may have, and the meaning of its paths: it is untrusted.

The types are annotations that pydantic reads; this module itself does without pydantic, so that
what only writes a manifest does, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Annotated, Any, TypeVar

from mcuzoo.errors import ProjectError

MAX_TEXT = 1000
MAX_ADDRESS = 1 << 32
_EXPORT_AGAIN = "Export the project again: mcuzoo export --force."
_PATTERNS = {
    "hash": re.compile(r"[0-9a-f]{0,64}"),
    "word": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*"),
    "define": re.compile(r"[A-Za-z_]\w*(=[A-Za-z0-9_.+-]*)?", re.ASCII),
    "flag": re.compile(r"-?[A-Za-z0-9_][A-Za-z0-9_.+-]*"),
}

Value = TypeVar("Value")


@dataclass(frozen=True)
class Rule:
    """`complaint` returns what is wrong with a value of the annotated type, or ""."""

    complaint: Callable[[Any], str]

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, value: Value) -> Value:
        complaint = self.complaint(value)
        if complaint:
            raise ValueError(complaint)
        return value


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        return f"has {len(value):,} characters, {MAX_TEXT:,} are the limit"
    return "" if value.isprintable() else f"{value!r} has characters that cannot be printed"


def _matches(kind: str) -> Callable[[str], str]:
    def complaint(value: str) -> str:
        short = value if len(value) <= MAX_TEXT else f"{value[:MAX_TEXT]}..."
        return "" if _PATTERNS[kind].fullmatch(value) else f"{short!r} is no {kind}"

    return complaint


def path_complaint(path: str) -> str:
    """Why `path` is no relative POSIX path inside its folder that cannot be mistaken for an option;
    "" if it is one."""
    if _text(path):
        return _text(path)
    if "\\" in path or PureWindowsPath(path).drive or path.startswith("/"):
        return f"{path!r} is no relative path with / between its parts"
    for part in path.split("/"):
        if part in ("", ".", ".."):
            return f"{path!r} does not stay in its folder" if part == ".." else _no_path(path)
        if part[0] in "@-":
            return f"{path!r}: a compiler takes a name that begins with {part[0]} for an option"
    return ""


def _no_path(path: str) -> str:
    return f"{path!r} is no path of a file"


def _folder(path: str) -> str:
    return "" if path == "." else path_complaint(path)


def _tree(path: str) -> str:
    if path and not (path.startswith("/") or PureWindowsPath(path).is_absolute()):
        return f"{path!r} is no absolute path"
    return _text(path)


def _within(low: int, high: int) -> Callable[[int], str]:
    def complaint(value: int) -> str:
        return "" if low <= value <= high else f"{value} is not from {low} to {high}"

    return complaint


def _scale(value: float) -> str:
    return "" if 0 < value < float("inf") else f"{value} is no scale"


def _one_of(*words: str) -> Callable[[str], str]:
    def complaint(value: str) -> str:
        return "" if value in words else f"{value[:MAX_TEXT]!r} is none of {', '.join(words)}"

    return complaint


Text = Annotated[str, Rule(_text)]
"""One line."""
Hash = Annotated[str, Rule(_matches("hash"))]
Word = Annotated[str, Rule(_matches("word"))]
Define = Annotated[str, Rule(_matches("define"))]
Flag = Annotated[str, Rule(_matches("flag"))]
FilePath = Annotated[str, Rule(path_complaint)]
MaybePath = Annotated[str, Rule(lambda path: path and path_complaint(path))]
"""Empty: there is none."""
FolderPath = Annotated[str, Rule(_folder)]
TreePath = Annotated[str, Rule(_tree)]
Size = Annotated[int, Rule(_within(0, MAX_ADDRESS))]
Bytes = Annotated[int, Rule(_within(0, 1 << 40))]
"""Of a machine that has more than 32 bits of addresses."""
Dimension = Annotated[int, Rule(_within(1, MAX_ADDRESS))]
Quant = Annotated[int, Rule(_within(-128, 127))]
Index = Annotated[int, Rule(_within(-1, MAX_ADDRESS))]
Scale = Annotated[float, Rule(_scale)]
Runtime = Annotated[str, Rule(_one_of("aot", "tflm"))]
Kind = Annotated[str, Rule(_one_of("cmake", "mcuxpresso", "linux"))]
Arch = Annotated[str, Rule(_one_of("aarch64"))]
Fpu = Annotated[str, Rule(_one_of("fpv5-d16", "fpv5-sp-d16"))]
Kernels = Annotated[str, Rule(_one_of("reference", "cmsis-nn"))]
Planner = Annotated[str, Rule(_one_of("offline", "greedy"))]


def inside(project: Path, path: str) -> Path:
    """The place of `path` of a manifest, whether it exists or not.

    Raises ProjectError when it is no relative path or a link leads out of the project.
    """
    complaint = path_complaint(path)
    if complaint:
        raise ProjectError(f"{project}: {complaint}.", _EXPORT_AGAIN)
    place = project / path
    try:
        stays = place.resolve().is_relative_to(project.resolve())
    except (OSError, RuntimeError) as error:  # a loop of links
        raise ProjectError(f"{place} leads nowhere: {error}", _EXPORT_AGAIN) from error
    if not stays:
        raise ProjectError(
            f"{place} is a link that leads out of the project, to {place.resolve()}.",
            f"Put the file itself there. {_EXPORT_AGAIN}",
        )
    return place
