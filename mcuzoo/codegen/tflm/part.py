"""What a TFLM project has that another one has not."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.codegen.model_array import check_embed
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.codegen.runtime_part import NO_UPLOAD_SOURCE, WHOLE_IMAGE_SOURCE, RuntimePart
from mcuzoo.codegen.sections import STANDALONE, Sections
from mcuzoo.codegen.tflm.emit import EMBEDDED_FILE, render_tflm_model
from mcuzoo.codegen.tflm.registration import (
    Registration,
    assumed_registrations,
    kernel_files,
    registrations,
)
from mcuzoo.codegen.tflm.sources import tree_defines, tree_include_dirs, tree_sources
from mcuzoo.codegen.tflm.tree import TflmTree, open_tree
from mcuzoo.graph.program import Program
from mcuzoo.graph.schema import SCHEMA_VERSION
from mcuzoo.plan.tflm.image import HeadPlan, TflmImage
from mcuzoo.plan.tflm.requests import Kernels
from mcuzoo.project.manifest import TflmEntry

RUNTIME_SOURCE = "runtime/tflm/mz_runtime_tflm.cc"
FIXED_SOURCE = "runtime/tflm/fixed/mz_tflm_fixed.c"


def tflm_part(
    program: Program,
    image: TflmImage,
    options: ExportOptions,
    recording: bool,
    source: str,
    sections: Sections = STANDALONE,
) -> RuntimePart:
    """The model's files and the choice from the TFLM tree that `options` names.

    Without a tree, the choice is left to the build. Raises InputError when the tree is none, or
    lacks a kernel, UnsupportedOpError for an op that cannot be registered and ModelError when the
    model's ends cannot be described.
    """
    kernels = image.arena.kernels
    if options.tflm is None:
        registered = assumed_registrations(image.model)
        entry = treeless_entry(registered, kernels, image.plan)
    else:
        checked = open_tree(options.tflm, kernels)
        registered = registrations(image.model, checked.path, kernels)
        entry = tflm_entry(checked, registered, kernels, image.plan, recording)
    return RuntimePart(
        rendered=render_tflm_model(
            program,
            image,
            registered,
            source,
            sections,
            check_embed(options.embed or "array"),
            recording,
        ),
        compiled=(RUNTIME_SOURCE, FIXED_SOURCE, NO_UPLOAD_SOURCE, WHOLE_IMAGE_SOURCE),
        extra={EMBEDDED_FILE: image.model.raw},
        tflm=entry,
    )


def tflm_entry(
    tree: TflmTree,
    registered: Sequence[Registration],
    kernels: Kernels,
    plan: HeadPlan,
    recording: bool = False,
) -> TflmEntry:
    """What the manifest says of the tree. Raises InputError when it lacks what is asked for."""
    return TflmEntry(
        tree=str(tree.path),
        kernels=kernels,
        plan=plan,
        schema_version=tree.schema_version,
        flatbuffers_version=tree.flatbuffers_version,
        fingerprint=tree.fingerprint,
        sources=tree_sources(tree.path, registered, kernels, recording),
        include_dirs=tree_include_dirs(kernels),
        defines=tree_defines(kernels),
        kernel_files=kernel_files(registered),
    )


def treeless_entry(
    registered: Sequence[Registration], kernels: Kernels, plan: HeadPlan
) -> TflmEntry:
    """What the manifest says of a tree that only the build will know."""
    return TflmEntry(
        tree="",
        kernels=kernels,
        plan=plan,
        schema_version=SCHEMA_VERSION,
        flatbuffers_version="",
        fingerprint="",
        sources=(),
        include_dirs=(),
        defines=tree_defines(kernels),
        kernel_files=kernel_files(registered),
    )
