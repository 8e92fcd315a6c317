"""What differs between two runs, and the first layer that does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from mcuzoo.errors import UsageError
from mcuzoo.history.against import Against, ChangedOutput, against
from mcuzoo.history.changes import Aspect, Compared, differing, unknown
from mcuzoo.history.folders import RunInFolder, open_run
from mcuzoo.history.layers import (
    FirstLayer,
    NotKnownError,
    Side,
    differing_files,
    first_layer,
    projects_of,
)
from mcuzoo.history.options import BisectOptions
from mcuzoo.project.manifest import MANIFEST_NAME


@dataclass(frozen=True)
class Bisection:
    """Run A (the baseline of `against`) beside run B.

    files: of the firmware, unlike in the two projects; None where they are not both at hand. layer:
    the first one that differs; None where that is not known, and `layer_unknown` says why, or there
    is nothing to look for and it is "".
    """

    against: Against
    files: tuple[str, ...] | None
    layer: FirstLayer | None
    layer_unknown: str = ""

    @property
    def a(self) -> RunInFolder:
        return self.against.baseline

    @property
    def b(self) -> RunInFolder:
        return self.against.run

    @property
    def differing(self) -> tuple[Compared, ...]:
        """What is known to differ, in order."""
        return differing(self.against.compared)

    @property
    def unknown(self) -> tuple[Compared, ...]:
        """What one of the runs does not know."""
        return unknown(self.against.compared)

    @property
    def first(self) -> Aspect | None:
        """What differs first for the images of both runs; None where nothing is known to."""
        found = self.against.aspects
        return found[0] if found else None

    @property
    def first_changed(self) -> ChangedOutput | None:
        """The first image whose outputs differ, in the order of B."""
        changed = self.against.outputs.changed
        return changed[0] if changed else None

    @property
    def identical(self) -> bool:
        """Whether nothing that the runs record differs: neither what they are made of, nor images
        or outputs. What they cost may differ."""
        it = self.against
        alone = it.pairing.run or it.pairing.baseline
        unlike = it.outputs.changed or it.outputs.refused or it.relabelled
        same_answers = all(pair.run.status is pair.baseline.status for pair in it.pairing.pairs)
        return not (self.differing or alone or unlike) and same_answers


def bisect(
    run_a: str | PathLike[str],
    run_b: str | PathLike[str],
    options: BisectOptions = BisectOptions(),
    say: Callable[[str], None] = lambda text: None,
) -> Bisection:
    """Say what differs between two runs, in the order in which one thing is made of another.

    With both projects at hand, both builds run the first image whose outputs differ on the emulated
    board, to find the first layer. Each run is a folder of one, or of runs: the newest. `say` is
    told how it goes. Raises InputError where there is no run or a damaged one, UsageError for a
    project that is none.
    """
    for project in (options.project_a, options.project_b):
        if project is not None and not (project / MANIFEST_NAME).is_file():
            raise UsageError(
                f"{project} is no project: there is no {MANIFEST_NAME}.",
                "Name the exported project of that run, or leave the option away.",
            )
    a, b = open_run(run_a), open_run(run_b)
    found = against(b, a)
    sides = (_side(a, options.project_a), _side(b, options.project_b))
    if options.no_emulation:
        return Bisection(found, None, None)
    try:
        subjects = projects_of(sides)
    except NotKnownError as error:
        return Bisection(found, None, None, str(error) if found.outputs.changed else "")
    files = differing_files(subjects)
    if found.outputs.refused:
        return Bisection(found, files, None, f"Outputs are not compared: {found.outputs.refused}.")
    if not found.outputs.changed:
        return Bisection(found, files, None)
    try:
        layer = first_layer(sides, subjects, found.outputs.changed[0].pair, say)
    except NotKnownError as error:
        return Bisection(found, files, None, str(error))
    return Bisection(found, files, layer)


def _side(run: RunInFolder, project: Path | None) -> Side:
    meta = run.summary.meta
    return Side(meta, project or Path(meta.settings.project))
