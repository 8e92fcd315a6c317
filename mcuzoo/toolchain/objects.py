"""Objects that several builds share: the same source, headers, compiler and flags give the same
object, in whatever project they lie.

What a source includes is read from its text: conditions are not looked at, so that a header counts
even where the preprocessor would skip it. Headers that are not in the project are the compiler's
own, and its version stands for them.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from platformdirs import user_cache_path

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>|(.))', re.MULTILINE)
_ELSEWHERE = re.compile(rb"__(?:DATE|TIME|TIMESTAMP)__|__has_include|\bincbin\b|#[ \t]*embed\b")
"""What makes an object depend on more than its source and what that includes."""


def kept_objects(kind: str) -> Path:
    """The folder of objects that this user's builds share. kind: its folder in the user's cache."""
    return user_cache_path("mcuzoo", appauthor=False) / kind


def copy_object(source: Path, target: Path) -> bool:
    """Copy an object, so that nobody ever finds half of one; False if that is not possible: there
    is none, or no room to keep it."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f"{target.name}.{os.getpid()}.{threading.get_ident()}")
        shutil.copyfile(source, fresh)
        fresh.replace(target)
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class SourceText:
    """A source with all that it includes from its project: (path in the project, bytes) each."""

    files: tuple[tuple[str, bytes], ...]

    def key(self, facts: Sequence[str]) -> str:
        """A name for the object that comes of it. facts: whatever else decides on the object:
        compiler, version, flags."""
        digest = sha256("\0".join(facts).encode())
        for name, text in self.files:
            digest.update(b"\0%s\0%d\0" % (name.encode(), len(text)) + text)
        return digest.hexdigest()[:32]

    def mentions(self, word: str) -> bool:
        wanted = re.compile(rb"\b%s\b" % re.escape(word.encode()))
        return any(wanted.search(text) for _, text in self.files)


def read_source(project: Path, source: str, folders: Sequence[str]) -> SourceText | None:
    """The source with what it includes, or None if an object of it depends on more than that.

    folders: where headers are looked for after the folder of the file that includes them. They and
    `source` are paths in the project.
    """
    try:
        return SourceText(tuple(_files(project, project / source, [project / f for f in folders])))
    except _Unknown:
        return None


class _Unknown(Exception):
    """A file that is not there, a name that the preprocessor makes, a time."""


def _files(project: Path, source: Path, folders: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    waiting, seen = [source], {source}
    while waiting:
        path = waiting.pop()
        try:
            text = path.read_bytes()
            name = path.relative_to(project).as_posix()
        except (OSError, ValueError) as error:  # not there, or not in the project
            raise _Unknown from error
        if _ELSEWHERE.search(text):
            raise _Unknown
        yield name, text
        for quoted, angled, other in _INCLUDE.findall(text):
            if other:
                raise _Unknown
            wanted = (quoted or angled).decode(errors="surrogateescape")
            places = [path.parent, *folders] if quoted else folders
            found = next((place / wanted for place in places if (place / wanted).is_file()), None)
            if found is not None and found not in seen:
                seen.add(found)
                waiting.append(found)
