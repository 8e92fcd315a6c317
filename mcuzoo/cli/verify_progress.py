"""Progress of a verification on stderr: a line while it judges, and what takes long."""

from __future__ import annotations

from contextlib import ExitStack

from mcuzoo.cli.output import tell
from mcuzoo.cli.progress import Update, step


class VerifyProgress:
    """The watcher of `verify`; use as a context manager around it."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._update: Update = lambda done, total: None
        self._done = 0
        self._images: int | None = None

    def __enter__(self) -> VerifyProgress:
        self._update = self._stack.enter_context(step("judging"))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def say(self, text: str) -> None:
        tell(text)

    def started(self, images: int) -> None:
        self._images = images

    def image(self, name: str, equal: bool) -> None:
        self._done += 1
        self._update(self._done, self._images)
