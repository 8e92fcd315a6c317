"""ONNX files: to a float .tflite by onnx2tf, and the outputs of both compared by onnxruntime. Only
the worker's process imports it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.quantize.refused import RefusedError, first_line

_CLOSE = 1e-3
"""Largest difference of the converted network's outputs, as a part of the largest output."""
_HINT = (
    "Export it again with static shapes and one image (torch.onnx.export), or convert it to a "
    "SavedModel or .keras yourself and give that."
)


@dataclass(frozen=True)
class OnnxComparison:
    """The ONNX file, run by onnxruntime, beside what was made of it, on the calibration images.

    float_difference: the largest, as a part of the largest output. float_same, int8_same: images
    with the same best class.
    """

    images: int
    float_difference: float
    float_same: int
    int8_same: int


def float_tflite_of(source: str, size: tuple[int, ...] | None) -> bytes:
    """The float32 .tflite file that onnx2tf makes, its image [1, height, width, channels].

    size: [height, width, channels], where the network leaves it open. Raises RefusedError for a
    file that is no network of one image, or that onnx2tf cannot convert.
    """
    name, shape = _input(source)
    wanted = _static(shape, size)
    with tempfile.TemporaryDirectory(prefix="mcuzoo-onnx-") as folder:
        try:
            _convert(source, folder, f"{name}:{','.join(map(str, wanted))}")
        except (Exception, SystemExit) as error:  # it exits where it gives up
            why = "" if isinstance(error, SystemExit) else f": {first_line(error)}"
            raise RefusedError(f"onnx2tf cannot convert it{why}", _HINT) from error
        made = sorted(Path(folder).glob("*_float32.tflite"))
        if not made:
            raise RefusedError("onnx2tf wrote no .tflite file of it", _HINT)
        return made[0].read_bytes()


def _convert(source: str, folder: str, shape: str) -> None:
    import onnx2tf
    from onnx2tf import onnx2tf as program

    # It would download pictures to check itself with; mcuzoo compares the outputs anyway.
    samples = np.random.default_rng(0).random((20, 128, 128, 3), dtype=np.float32)
    if hasattr(program, "download_test_image_data"):
        program.download_test_image_data = lambda: samples
    onnx2tf.convert(
        input_onnx_file_path=source,
        output_folder_path=folder,
        overwrite_input_shape=[shape],
        non_verbose=True,
    )


def _input(source: str) -> tuple[str, list[int | None]]:
    """Name and sizes of the one input; None for a size that is open. Raises RefusedError."""
    import onnx

    try:
        graph = onnx.load(source).graph
    except Exception as error:
        raise RefusedError(
            f"It is no ONNX file: {first_line(error)}", "Export it again."
        ) from error
    constants = {one.name for one in graph.initializer}
    inputs = [one for one in graph.input if one.name not in constants]
    for role, ends in (("inputs", inputs), ("outputs", list(graph.output))):
        if len(ends) != 1:
            raise RefusedError(
                f"The network has {len(ends)} {role}, a classifier of images has one",
                "Export it with the one that takes the image, or gives the classes.",
            )
    sizes = inputs[0].type.tensor_type.shape.dim
    return inputs[0].name, [
        int(size.dim_value) if size.HasField("dim_value") and size.dim_value > 0 else None
        for size in sizes
    ]


def _static(shape: list[int | None], size: tuple[int, ...] | None) -> list[int]:
    """The sizes of one image in the network's order, channels first as a rule."""
    if len(shape) not in (3, 4):
        raise RefusedError(
            f"The network takes {shape}, which is no image",
            "Only classifiers of one image can be quantized with images.",
        )
    sizes = [1, *shape[1:]]
    if size is not None:
        first = shape[-1] != size[2] or shape[1] == size[2]
        sizes = [1, *size[:2]] if len(shape) == 3 else [1, size[2], *size[:2]]
        if len(shape) == 4 and not first:
            sizes = [1, *size]
    known = [value for value in sizes if value is not None]
    if len(known) != len(sizes):
        raise RefusedError(
            f"The network takes {shape} and leaves the image's size open: --input "
            "HEIGHTxWIDTHxCHANNELS says it",
            "Add it, for example --input 96x96x3.",
        )
    return known


def compare_onnx(
    source: str, float_tflite: bytes, int8_tflite: bytes, images: NDArray[np.float32]
) -> OnnxComparison:
    """Run all three on the images, float32 [n, height, width, channels].

    Raises RefusedError where the float network is not the ONNX file's.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    truth = np.stack(
        [session.run(None, {entry.name: _as_in(entry.shape, image)})[0].ravel() for image in images]
    )
    floats, quantized = (_outputs(raw, images) for raw in (float_tflite, int8_tflite))
    if floats.shape != truth.shape:
        raise RefusedError(
            f"onnx2tf made {floats.shape[1]} outputs of the network's {truth.shape[1]}", _HINT
        )
    difference = float(np.abs(floats - truth).max() / max(np.abs(truth).max(), 1e-12))
    best = truth.argmax(axis=1)
    found = OnnxComparison(
        images=len(images),
        float_difference=difference,
        float_same=int((floats.argmax(axis=1) == best).sum()),
        int8_same=int((quantized.argmax(axis=1) == best).sum()),
    )
    if difference > _CLOSE:
        raise RefusedError(
            "What onnx2tf made of it gives other outputs than the ONNX file: off by "
            f"{difference:.2%} of the largest, and another class for "
            f"{found.images - found.float_same} of {found.images} images",
            _HINT,
        )
    return found


def _as_in(shape: list[Any], image: NDArray[np.float32]) -> NDArray[np.float32]:
    """[height, width, channels] as the ONNX network takes it."""
    if len(shape) == 3:
        return image[np.newaxis, :, :, 0]
    channels = image.shape[2]
    last = shape[3] == channels and shape[1] != channels
    return image[np.newaxis] if last else image.transpose(2, 0, 1)[np.newaxis]


def _outputs(raw: bytes, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Dequantized outputs, float32 [n, classes]."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_content=raw)
    interpreter.allocate_tensors()
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for image in images:
        interpreter.set_tensor(source["index"], _quantized(image[np.newaxis], source))
        interpreter.invoke()
        output = interpreter.get_tensor(target["index"]).astype(np.float32).ravel()
        scale, zero_point = target["quantization"]
        found.append((output - zero_point) * scale if scale else output)
    return np.stack(found)


def _quantized(image: NDArray[np.float32], source: Any) -> NDArray[Any]:
    scale, zero_point = source["quantization"]
    if not scale:
        return image
    steps: NDArray[np.int8] = np.clip(np.rint(image / scale) + zero_point, -128, 127).astype(
        np.int8
    )
    return steps
