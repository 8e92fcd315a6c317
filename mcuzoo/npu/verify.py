"""Is this compiled file the source model? All judgements on it, and what they prove."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcuzoo.graph.model import Model
from mcuzoo.npu.arithmetic import FITTED
from mcuzoo.npu.check.judge import judge_exhaustively
from mcuzoo.npu.file import VelaFile
from mcuzoo.npu.findings import Counts, Finding, Judged
from mcuzoo.npu.images import Picture, Watcher, judge_images, require_same_ends

__all__ = ["Counts", "Finding", "Judged", "Picture", "Verification", "Watcher", "verify_file"]


@dataclass(frozen=True)
class Verification:
    """What is known of a compiled file.

    source, source_sha256: the model that it should compute. file, file_sha256: what Vela made of
    it. accelerator: that it is for, in Vela's words; empty if it does not say. findings: what is
    wrong; without images first, then with. counts: how much was judged. unproven: what could not
    be judged, in sentences. fitted: the rules of the arithmetic that are in no public source.
    """

    source: str
    source_sha256: str
    file: str
    file_sha256: str
    accelerator: str
    findings: tuple[Finding, ...]
    counts: Counts
    unproven: tuple[str, ...]
    fitted: tuple[str, ...] = FITTED

    @property
    def passed(self) -> bool:
        return not self.findings

    @property
    def first(self) -> Finding | None:
        """The finding that names the first wrong layer, in the order of the source model: one of a
        constant, an address or a wait, which is a cause, before one of arithmetic, which may be
        its effect."""

        def rank(one: Finding) -> tuple[bool, int]:
            return one.kind == "arithmetic", -1 if one.layer is None else one.layer

        return min(self.findings, key=rank, default=None)


def verify_file(
    source: Model,
    file: VelaFile,
    pictures: Iterable[Picture] | None = None,
    watcher: Watcher | None = None,
) -> Verification:
    """Judge `file` against `source`, without images and then, if there are any, on `pictures`.

    Raises ModelError if `file` cannot have been compiled from `source`; with pictures,
    UnsupportedOpError if mcuzoo's reference does not run it.
    """
    require_same_ends(source, file)
    judged = judge_exhaustively(source, file)
    if pictures is not None:
        judged += judge_images(source, file, pictures, watcher)
    configs = [npu.stream.config for npu in file.npu_ops]
    named = next((config.accelerator for config in configs if config is not None), "")
    return Verification(
        source=source.name,
        source_sha256=source.sha256,
        file=file.model.name,
        file_sha256=file.model.sha256,
        accelerator=named,
        findings=judged.findings,
        counts=judged.counts,
        unproven=judged.unproven,
    )
