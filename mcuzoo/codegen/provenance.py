"""What rendered a project: mcuzoo's commit, its templates, and the choices of whoever exported."""

from __future__ import annotations

from functools import cache

from mcuzoo import __commit__
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.options import RecipeOptions, typed_words
from mcuzoo.project.build_id import tree_sha256
from mcuzoo.project.manifest import ProvenanceEntry
from mcuzoo.project.rules import MAX_TEXT
from mcuzoo.quoting import one_line, shortened
from mcuzoo.resources import templates_dir

_FOLDERS = frozenset({"output", "force", "tflm", "vela_program", "vela_time_limit"})
"""Where things are on one machine, or how fast it is; a TFLM tree has a fingerprint, Vela a
version."""


def provenance(options: tuple[str, ...] = ()) -> ProvenanceEntry:
    """The entry of a new project; same mcuzoo, same options, same entry."""
    return ProvenanceEntry(__commit__, templates_sha256(), options)


@cache
def templates_sha256() -> str:
    """SHA-256 in hex over the lines `hash  path` of all templates, sorted by path."""
    return tree_sha256(templates_dir(), (".j2",))


def given_options(options: ExportOptions) -> tuple[str, ...]:
    """The options that are not their defaults, as they are typed: `--weights ram`."""
    left_out = _FOLDERS | set(RecipeOptions.__dataclass_fields__)
    typed = typed_words(options, left_out)
    return tuple(shortened(one_line(" ".join(words)), MAX_TEXT) for words in typed)
