"""What a run's page takes from the run's project: the model, its plan, its input. The journal alone
has none of them; a page of a run whose project is gone has fewer sections."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import McuzooError
from mcuzoo.graph.model import Model
from mcuzoo.plan.fit import FitReport, fit_model
from mcuzoo.plan.options import MemoryOptions
from mcuzoo.project.input_size import takes_pictures
from mcuzoo.project.manifest import Manifest
from mcuzoo.rig.find_board import project_board
from mcuzoo.run.record import RunMeta
from mcuzoo.run.sessions import NotOfRunError, subject_of_run


@dataclass(frozen=True)
class AtHand:
    """The project of a run, as far as it is still that of the run.

    manifest, model: None where `absent` says why. built_since: the project has another build now,
    so its memory is not the run's. fit: None where the plan cannot be made again.
    """

    folder: Path
    manifest: Manifest | None = None
    model: Model | None = None
    absent: str = ""
    built_since: bool = False
    fit: FitReport | None = None

    def input(self, meta: RunMeta) -> PictureInput | None:
        """The model's input with the run's recipe; None where neither the journal nor the project
        has it, or it takes no picture."""
        spec = meta.input or (None if self.manifest is None else self.manifest.input)
        if spec is None or not takes_pictures(spec.shape):
            return None
        return PictureInput(meta.preprocessing, spec.shape, spec.scale, spec.zero_point)

    def engine(self) -> ReferenceEngine | None:
        """The host reference; None where the model is not at hand or an operator has none."""
        try:
            return None if self.model is None else ReferenceEngine(self.model)
        except McuzooError:
            return None


def at_hand(meta: RunMeta, project: Path | None = None) -> AtHand:
    """What is there of the run's project, or of `project`."""
    folder = project or Path(meta.settings.project)
    try:
        subject, model = subject_of_run(folder, meta)
    except NotOfRunError as error:
        return AtHand(folder, absent=str(error))
    manifest = subject.manifest
    since = meta.board.build_id not in manifest.build_ids
    planned = None if since or subject.upload is not None else _fit(folder, manifest, model)
    return AtHand(folder, manifest, model, "", since, planned)


def _fit(folder: Path, manifest: Manifest, model: Model) -> FitReport | None:
    """The plan, made again; None where today's is another one than the project's."""
    entry, tflm = manifest.plan, manifest.tflm
    try:
        board = project_board(folder, manifest)
        if isinstance(board, LinuxBoard):
            return None
        options = MemoryOptions(
            runtime=manifest.runtime,
            project=manifest.project,
            arena_region=entry.arena_region if entry.rest_region is None else None,
            stream_input=entry.stream_input,
            kernels=None if tflm is None else tflm.kernels,
            plan=None if tflm is None else tflm.plan,
        )
        found = fit_model(model, board, options)
    except McuzooError:
        return None
    placed = found.placement
    same = (placed.arena_bytes, placed.arena_region, placed.rest_region, placed.rest_bytes) == (
        entry.arena_bytes, entry.arena_region, entry.rest_region, entry.rest_bytes
    )  # fmt: skip
    return found if same else None
