"""Journals for tests that read them, or open them themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mcuzoo.data.images import Item
from mcuzoo.run.journal import begin_journal
from mcuzoo.run.record import RunMeta


def create_journal(folder: Path, meta: RunMeta, items: Sequence[Item]) -> None:
    """As begin_journal, for a later writer."""
    with begin_journal(folder, meta, items):
        pass
