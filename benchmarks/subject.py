"""One model of a benchmark: its firmwares, and the figures of each as its JSON file has them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from classes import (
    DEPTHWISE,
    FUSED,
    ClassFigures,
    computing_classes,
    figures_by_class,
    layer_class,
)
from estimate import Estimate, estimate
from measure import SEED, Configuration, Figures, Modelled, build, measure
from parts import Split, split
from witness import BOARD, QemuCounts, count_in_qemu, why_absent

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import ToolchainError
from mcuzoo.graph.count import count_macs
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import load_model
from mcuzoo.profile import Layer
from mcuzoo.project.manifest import Manifest, load_manifest
from mcuzoo.report.profile import profile_document
from mcuzoo.zoo.registry import ModelSource


class Subject:
    """One model on one board, in several firmwares."""

    def __init__(
        self, source: ModelSource, board: str, scratch: Path, *, witness: bool, guess: bool
    ) -> None:
        self.source = source
        self.model: Model = load_model(source.path)
        self.board = board
        self._scratch = scratch
        self._engine = ReferenceEngine(self.model)
        why = why_absent()
        if witness and why is None and board != BOARD:
            say(f"no witness but for {BOARD}: QEMU has its memories only")
        if witness and why is not None:
            say(f"no witness: {why}")
        self._witness = witness and why is None
        self._guess = guess

    def build(self, how: Configuration) -> Path:
        """A project of the model. Raises McuzooError."""
        say(f"{how.name}: building")
        return build(self.source, how, self._scratch / how.name.replace(" ", ""))

    def measure(self, project: Path, name: str) -> tuple[dict[str, Any], Estimate | None]:
        """The figures of a project's newest build as its JSON file has them. Raises McuzooError."""
        say(f"{name}: measuring")
        figures = measure(project)
        manifest = load_manifest(project)
        counts, why = None, "not asked for"
        if manifest.plan.stream_input:
            why = "an input that is consumed as it arrives is not in memory for QEMU"
        elif self._witness and manifest.board == BOARD:
            try:
                counts = self._count_in_qemu(project)
            except ToolchainError as error:
                why = error.message
        if counts is None and self._witness:
            say(f"no witness: {why}")
        document = self._document(manifest, name, figures, counts)
        document["witness_why"] = None if counts is not None else why
        if counts is None or manifest.build is None or not self._guess:
            return document, None
        guess = estimate(project / manifest.build.elf, counts.blocks)
        if guess is not None:
            document["estimated_cycles"] = {
                "what": "a static estimate, not a count",
                "tool": f"{guess.tool}, cortex-m7",
                "cycles": round(guess.cycles),
                "instructions": guess.instructions,
                "covered": guess.covered,
            }
        return document, guess

    def missing(self, name: str, reason: str) -> dict[str, Any]:
        """In the place of the figures of a firmware that there are none of."""
        return {
            "model": self.source.name,
            "model_sha256": self.model.sha256,
            "board": self.board,
            "firmware": name,
            "missing": reason,
        }

    def _count_in_qemu(self, project: Path) -> QemuCounts:
        shape = load_manifest(project).input.shape
        tensor = np.random.default_rng(SEED).integers(-128, 128, shape, dtype=np.int8)
        return count_in_qemu(project, tensor, self._engine.run(tensor))

    def _document(
        self, manifest: Manifest, name: str, figures: Figures, counts: QemuCounts | None
    ) -> dict[str, Any]:
        profile = figures.profile
        splits = {} if counts is None else self._splits(profile.layers, counts)
        layers = []
        for index, layer in enumerate(profile_document(profile)["layers"]):
            layer["witness"] = None if counts is None else counts.layers[index]
            layer["modelled_cycles"] = (
                None if figures.cycles is None else figures.cycles.layers[index]
            )
            if layer["first_op"] in splits:
                layer["parts"] = self._parts(splits[layer["first_op"]])
            layers.append(layer)
        by_op = {first: one.counts for first, one in splits.items()}
        kinds = list(figures_by_class(self.model, profile.layers, by_op))
        return {
            "model": self.source.name,
            "model_sha256": self.model.sha256,
            "board": manifest.board,
            "firmware": name,
            "runtime": profile.runtime,
            "toolchain": profile.toolchain,
            "optimization": manifest.build.optimization if manifest.build else None,
            "input": f"numpy default_rng({SEED}), int8",
            "instructions_per_inference": figures.instructions,
            "witness_instructions": None if counts is None else counts.instructions,
            "modelled_cycles": modelled_cycles(figures.cycles),
            "uncounted_why": figures.uncounted_why,
            "macs": profile.macs,
            "instructions_per_mac": figures.instructions / profile.macs,
            "per_mac": _rates(kinds),
            "kinds": [
                {
                    "name": kind.name,
                    "layers": kind.layers,
                    "macs": kind.macs,
                    "instructions": kind.instructions,
                    "per_mac": kind.per_mac,
                }
                for kind in kinds
            ],
            "incomplete": self._incomplete(profile.layers, splits),
            "arena_bytes": figures.arena_bytes,
            "code_bytes": figures.code_bytes,
            "constant_bytes": figures.constant_bytes,
            "weights_ram_bytes": figures.weights_ram_bytes,
            "stack_bytes": figures.stack_bytes,
            "emulator_seconds": figures.seconds,
            "layers": layers,
        }

    def _splits(self, layers: Iterable[Layer], counts: QemuCounts) -> dict[int, Split]:
        found = {}
        for layer, counted, places in zip(layers, counts.layers, counts.places, strict=True):
            if layer_class(self.model, layer) != FUSED or counted != layer.count:
                continue
            one = split(self.model, layer, places)
            if one is not None:
                found[layer.first_op] = one
        return found

    def _parts(self, one: Split) -> list[dict[str, Any]]:
        parts = []
        for (op, count), function in zip(one.counts.items(), one.functions, strict=True):
            macs = count_macs(self.model, self.model.ops[op])
            parts.append(
                {
                    "op": op,
                    "name": self.model.ops[op].name,
                    "function": function,
                    "macs": macs,
                    "count": count,
                    "per_mac": count / macs,
                }
            )
        parts[-1]["around"] = one.around
        return parts

    def _incomplete(self, layers: Iterable[Layer], splits: Mapping[int, Split]) -> list[str]:
        """The kinds that lack what a fused layer, not taken apart, does for them."""
        fused = [layer for layer in layers if layer_class(self.model, layer) == FUSED]
        return sorted(
            {
                kind
                for layer in fused
                if layer.first_op not in splits
                for kind in computing_classes(self.model, layer)
            }
        )


def modelled_cycles(cycles: Modelled | None) -> dict[str, Any] | None:
    """Of an inference: all, and what they are spent for; None without."""
    if cycles is None:
        return None
    spent = cycles.spent
    return {
        "what": "modelled, not measured: docs/cycles.md",
        "total": cycles.total,
        "core": round(spent.issue),
        "branches": round(spent.branches),
        "code": round(spent.code),
        "data": round(sum(spent.data.values())),
    }


def _rates(kinds: Iterable[ClassFigures]) -> dict[str, float]:
    """Instructions per MAC by kind; both strides of depthwise convolutions as one, too."""
    kinds = list(kinds)
    rates = {kind.name: kind.per_mac for kind in kinds if kind.per_mac is not None}
    depthwise = [kind for kind in kinds if kind.name.startswith(DEPTHWISE)]
    if depthwise:
        rates[DEPTHWISE] = sum(kind.instructions for kind in depthwise) / sum(
            kind.macs for kind in depthwise
        )
    return rates


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
