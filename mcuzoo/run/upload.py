"""A model for a universal firmware: what is sent, whether it can run there, and its manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.data.labels import Classes
from mcuzoo.data.output_form import form_of
from mcuzoo.errors import FitError, UnsupportedOpError, UsageError
from mcuzoo.graph.cut import cut_ends
from mcuzoo.graph.model import Model, Tensor
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import load_model
from mcuzoo.link.hello import Hello
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState
from mcuzoo.ops.coverage import judge
from mcuzoo.plan.tflm.image import TflmImage, check_kernels, prepare_image
from mcuzoo.project.manifest import AnyManifest, Manifest, ModelEntry, TensorSpec, UniversalManifest
from mcuzoo.run.connected_board import BoardSession, OpenSession, check_build
from mcuzoo.zoo.registry import ModelSource, labels_words


@dataclass(frozen=True)
class Upload:
    """`model` is sent byte for byte. `manifest` is that of the project with this model.

    It is the model file itself if TFLM can take it; else a copy without the conversions at its
    ends, with aligned constants, and with our memory plan if TFLM's own would not fit.
    """

    source: ModelSource
    model: Model
    manifest: Manifest


def require_universal(manifest: AnyManifest, project: Path) -> UniversalManifest:
    """`manifest` itself; raises UsageError when the project has a model of its own."""
    if isinstance(manifest, UniversalManifest):
        return manifest
    raise UsageError(
        f"--upload: {project} has its model {manifest.model.name} linked in.",
        "Leave --upload out, or use a universal project: mcuzoo export --universal.",
    )


def prepare_upload(source: ModelSource, manifest: UniversalManifest) -> Upload:
    """Decide which file is sent for `source`, and check it against the firmware of `manifest`.

    Raises ModelError (not INT8, ...), UnsupportedOpError (an op that TFLM does not run, or that the
    firmware has not got) and FitError (the file or the arena is too large), all with the figures.
    """
    model = load_model(source.path)
    judge(model, "tflm").require()
    _require_ops(model, manifest)
    sent = _sent_model(model, manifest)
    capacity = manifest.universal.capacity_bytes
    if sent.bytes > capacity:
        raise FitError(
            f"{source.name} has {sent.bytes:,} bytes, {manifest.name} has room for {capacity:,} "
            f"({_rooms(manifest)}).",
            "Export the universal firmware with a larger --model-region, or take a smaller model.",
        )
    program = build_program(sent)
    entry = ModelEntry(source.name, str(source.path.resolve()), sent.sha256, sent.bytes)
    ends = _spec(program.input_tensor), _spec(program.output_tensor)
    return Upload(
        source, sent, manifest.with_model(entry, *ends, source.preprocessing, source.recipe_source)
    )


def own_classes(upload: Upload) -> Classes:
    """The model's classes, with the names of the zoo."""
    form = form_of(upload.manifest.output)
    return Classes(form.classes, upload.source.labels, labels_words(upload.source))


def own_samples(upload: Upload) -> Path | None:
    """The images that come with the model, if any."""
    return None if upload.source.samples is None else upload.source.samples / "manifest.csv"


def uploading(
    open_session: Callable[[LinkState], AbstractContextManager[Session]],
    upload: Upload,
    on_progress: Callable[[int, int], None],
) -> OpenSession:
    """Sessions on boards that run the uploaded model: each sends it when it is not there.

    `on_progress` is told how many bytes of how many have arrived. An opened session raises the
    errors of `open_session`, WrongFirmwareError before anything is sent, and the errors of
    Session.upload.
    """

    @contextmanager
    def opened(state: LinkState) -> Iterator[BoardSession]:
        with open_session(state) as session:
            send_model(session, upload, on_progress)
            yield session

    return opened


def send_model(
    session: Session, upload: Upload, on_progress: Callable[[int, int], None] = lambda *_: None
) -> None:
    """Send the model, if it is not there. Raises as a session of `uploading`."""
    hello: Hello = session.hello()
    check_build(hello, upload.manifest)
    raw = upload.model.raw
    session.upload(raw, lambda arrived: on_progress(arrived, len(raw)))


def _require_ops(model: Model, manifest: UniversalManifest) -> None:
    known = manifest.universal.ops
    for op in cut_ends(model).model.ops:
        if op.name not in known:
            raise UnsupportedOpError(
                f"{model.name}: op {op.index} {op.name} is none of {manifest.name}'s "
                f"({', '.join(known)}).",
                f"Export the universal firmware with --ops {','.join((*known, op.name))}.",
            )


def _sent_model(model: Model, manifest: UniversalManifest) -> Model:
    assert manifest.tflm is not None
    kernels = check_kernels(manifest.tflm.kernels)
    image = prepare_image(model, kernels, "greedy")
    if image.model.raw != model.raw or not _arena_fits(image, manifest):
        image = prepare_image(model, kernels)
    if not _arena_fits(image, manifest):
        raise FitError(
            f"{model.name} needs {image.arena.arena_bytes:,} bytes of TFLM's arena, "
            f"{manifest.name} has {manifest.plan.arena_bytes:,} in {manifest.plan.arena_region}.",
            "Export the universal firmware with a larger --arena-region, or take a smaller model.",
        )
    return image.model


def _arena_fits(image: TflmImage, manifest: UniversalManifest) -> bool:
    return image.arena.arena_bytes <= manifest.plan.arena_bytes


def _rooms(manifest: UniversalManifest) -> str:
    return ", ".join(f"{room.bytes:,} in {room.region}" for room in manifest.universal.rooms)


def _spec(tensor: Tensor) -> TensorSpec:
    assert tensor.quantization is not None
    return TensorSpec(
        name=tensor.name,
        shape=tensor.shape,
        dtype=tensor.dtype.value,
        scale=tensor.quantization.scale,
        zero_point=tensor.quantization.zero_point,
        bytes=tensor.bytes,
    )
