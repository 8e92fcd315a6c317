"""Draw the signs, train MobileNet V1 0.25 128x128 on them, quantize it to INT8, log everything.

Needs TensorFlow, OpenCV and Pillow (`pip install -e '.[images,tensorflow]'`); takes minutes on two
cores. It replaces the bundled model, its log and its sample pictures:

    python tools/train_signs.py
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import numpy.typing as npt

from mcuzoo.data.drawn_signs.classes import CLASS_NAMES
from mcuzoo.data.drawn_signs.dataset import write_signs
from mcuzoo.data.drawn_signs.draw import SOURCE_SIZE, draw_sign
from mcuzoo.data.drawn_signs.raster import load_cv2
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.project.recipe import Recipe as InputRecipe

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
PictureSet = tuple[Pixels, Labels]
"""Pictures, uint8 [N, 128, 128, 3], and their classes, int64 [N]."""

OUTPUT_DIR = Path(__file__).resolve().parent.parent / "mcuzoo" / "zoo" / "signs"
MODEL_NAME = "signs_mobilenet_v1_0.25_128_int8.tflite"
LOG_NAME = "training_log.json"
SAMPLES_SEED = 104
INPUT_SIZE = 128
BUFFER_ALIGNMENT = 16
DATA_FIELD = 4  # where schema.fbs puts Buffer.data in the vtable
INPUT_SCALE = 1 / 128
"""Training sees (pixel - 128) / 128, so that INT8 is pixel - 128 exactly: zero point 0."""

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
CHANNELS = (16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256)
"""The thirteen depthwise-separable blocks of MobileNet V1 (arXiv:1704.04861, table 1) at 0.25."""

EXPECTED_OPS = {"CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "RESHAPE", "SOFTMAX"}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome; sizes count pictures of each class."""

    train_seed: int = 101
    validation_seed: int = 102
    test_seed: int = 103
    weights_seed: int = 7
    train_per_class: int = 650
    doubled_prefix: str = "speed_limit_"
    """Classes told apart by a digit alone get twice the training pictures."""
    validation_per_class: int = 30
    test_per_class: int = 100
    calibration_images: int = 320
    stages: tuple[tuple[int, int], ...] = ((64, 5), (96, 6), (128, 4))
    """(side in pixels, epochs): most of the learning is done on small pictures, at a fraction of
    the cost; the last epochs are at full size."""
    batch_size: int = 64
    peak_learning_rate: float = 4e-3
    weight_decay: float = 3e-4
    label_smoothing: float = 0.03
    augment_shift_px: int = 4
    augment_gain: float = 0.15


def main() -> None:
    """Train, quantize, measure, and write the model, its log and one sample of each class."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUTPUT_DIR)
    parser.add_argument("--train-per-class", type=int, default=Recipe.train_per_class)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    recipe = Recipe(train_per_class=options.train_per_class)

    options.out.mkdir(parents=True, exist_ok=True)

    started = time.monotonic()
    every = range(len(CLASS_NAMES))
    doubled = [i for i in every if CLASS_NAMES[i].startswith(recipe.doubled_prefix)]
    threads = options.threads
    train = joined(
        draw_set(recipe.train_seed, range(recipe.train_per_class), every, threads),
        draw_set(
            recipe.train_seed,
            range(recipe.train_per_class, 2 * recipe.train_per_class),
            doubled,
            threads,
        ),
    )
    validation = draw_set(
        recipe.validation_seed, range(recipe.validation_per_class), every, threads
    )
    test = draw_set(recipe.test_seed, range(recipe.test_per_class), every, threads)
    drawn = time.monotonic()
    print(f"drew the pictures in {drawn - started:.0f} s", flush=True)

    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    tf.keras.utils.set_random_seed(recipe.weights_seed)
    network = mobilenet_v1(side=None, batch_size=None)
    history = fit(network, recipe, train, validation)
    trained = time.monotonic()

    content = quantize(network, recipe, train[0])
    check(content)
    float_scores = np.asarray(network.predict(normalized(test[0]), batch_size=64, verbose=0))
    int8_scores = run_int8(content, test[0])
    model_path = options.out / MODEL_NAME
    write_atomically(model_path, content)
    log = {
        "model": {
            "file": MODEL_NAME,
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "params": int(network.count_params()),
            "input": "int8 [1, 128, 128, 3], RGB, pixel - 128 (scale 1/128, zero point 0)",
            "output": f"int8 [1, {len(CLASS_NAMES)}] (scale 1/256, zero point -128)",
        },
        "classes": list(CLASS_NAMES),
        "recipe": asdict(recipe),
        "source_size_px": SOURCE_SIZE,
        "preprocessing": asdict(InputRecipe(crop=0.875)),
        "epochs": history,
        "held_out": {
            "seed": recipe.test_seed,
            "images": len(test[1]),
            "float32": accuracy(float_scores, test[1]),
            "int8": accuracy(int8_scores, test[1]),
            "int8_top1_by_class": top1_by_class(int8_scores, test[1]),
            "int8_agrees_with_float32": float(
                np.mean(int8_scores.argmax(axis=1) == float_scores.argmax(axis=1))
            ),
            "int8_engine": "tf.lite BUILTIN_REF",
        },
        "seconds": {
            "drawing": round(drawn - started),
            "training": round(trained - drawn),
            "quantizing_and_testing": round(time.monotonic() - trained),
        },
        "threads": threads,
        "versions": {
            "tensorflow": tf.__version__,
            "keras": tf.keras.__version__,
            "numpy": np.__version__,
            "opencv": load_cv2().__version__,
        },
    }
    write_atomically(options.out / LOG_NAME, (json.dumps(log, indent=1) + "\n").encode())
    write_signs(options.out / "samples", n=len(CLASS_NAMES), seed=SAMPLES_SEED)
    print(json.dumps(log["held_out"], indent=1))


def draw_set(seed: int, indices: range, classes: Sequence[int], processes: int) -> PictureSet:
    """Draw the pictures of these indices for each of these classes."""
    with ProcessPoolExecutor(processes) as pool:
        rows = list(pool.map(partial(_draw_row, seed, classes), indices, chunksize=8))
    return np.concatenate(rows), np.tile(np.array(classes), len(indices))


def _draw_row(seed: int, classes: Sequence[int], index: int) -> Pixels:
    load_cv2().setNumThreads(1)
    shape = (INPUT_SIZE, INPUT_SIZE, 3)
    tensors = [
        PictureInput(InputRecipe(crop=0.875), shape).tensor(draw_sign(c, seed, index))
        for c in classes
    ]
    return (np.stack(tensors).astype(np.int16) + 128).astype(np.uint8)


def joined(first: PictureSet, second: PictureSet) -> PictureSet:
    """Join two sets."""
    return np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]])


def normalized(pixels: Pixels) -> npt.NDArray[np.float32]:
    """Map pixels to what training sees, float32 from -1 to 127/128."""
    return np.asarray((pixels.astype(np.float32) - 128) * INPUT_SCALE, dtype=np.float32)


def mobilenet_v1(*, side: int | None, batch_size: int | None) -> Any:
    """Build MobileNet V1 0.25 with a 1x1 convolution as its head and SAME padding.

    With `side` None it takes pictures of any size, with the same weights.
    """
    import keras
    from keras import layers

    def conv(x: Any, filters: int, kernel: int, stride: int) -> Any:
        x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
        return layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.97)(x))

    def depthwise(x: Any, stride: int) -> Any:
        x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(x)
        return layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.97)(x))

    image = keras.Input((side, side, 3), batch_size=batch_size)
    x = conv(image, 8, 3, 2)
    for filters, stride in zip(CHANNELS, STRIDES, strict=True):
        x = conv(depthwise(x, stride), filters, 1, 1)
    any_size = layers.GlobalAveragePooling2D(keepdims=True)
    x = (layers.AveragePooling2D(side // 32) if side else any_size)(x)
    x = layers.Reshape((len(CLASS_NAMES),))(layers.Conv2D(len(CLASS_NAMES), 1)(x))
    return keras.Model(image, layers.Softmax()(x))


def fit(
    network: Any,
    recipe: Recipe,
    train: PictureSet,
    validation: PictureSet,
) -> list[dict[str, float]]:
    """Train with a one-cycle schedule and return loss and accuracy of every epoch."""
    import keras
    import tensorflow as tf

    shift = recipe.augment_shift_px

    def batches(side: int) -> Any:
        def augmented(pixels: Any, label: Any) -> Any:
            padded = tf.pad(pixels, [[shift, shift], [shift, shift], [0, 0]], "REFLECT")
            cropped = tf.cast(tf.image.random_crop(padded, pixels.shape), tf.float32)
            if side != INPUT_SIZE:
                cropped = tf.image.resize(cropped, (side, side), antialias=True)
            gain = tf.random.uniform((), 1 - recipe.augment_gain, 1 + recipe.augment_gain)
            bright = tf.clip_by_value(cropped * gain, 0.0, 255.0)
            return (bright - 128) * INPUT_SCALE, tf.one_hot(label, len(CLASS_NAMES))

        pictures = tf.data.Dataset.from_tensor_slices(train)
        shuffled = pictures.shuffle(len(train[1]), seed=recipe.weights_seed).map(augmented)
        return shuffled.batch(recipe.batch_size, drop_remainder=True).prefetch(2)

    epochs = sum(count for _, count in recipe.stages)
    steps = epochs * (len(train[1]) // recipe.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(
        recipe.peak_learning_rate / 20,
        decay_steps=steps - steps // 10,
        warmup_target=recipe.peak_learning_rate,
        warmup_steps=steps // 10,
        alpha=0.0,
    )
    network.compile(
        keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay),
        keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
    )
    one_hot = np.eye(len(CLASS_NAMES), dtype=np.float32)[validation[1]]
    log = []
    for side, count in recipe.stages:
        history = network.fit(
            batches(side),
            epochs=count,
            validation_data=(normalized(validation[0]), one_hot),
            verbose=2,
        ).history
        for epoch in range(count):
            values = {name: round(float(series[epoch]), 4) for name, series in history.items()}
            log.append({"side_px": side, **values})
    return log


def quantize(network: Any, recipe: Recipe, pixels: Pixels) -> bytes:
    """Return the network as a full-INT8 .tflite file, calibrated on training pictures."""
    import tensorflow as tf

    fixed = mobilenet_v1(side=INPUT_SIZE, batch_size=1)
    fixed.set_weights(network.get_weights())

    def calibration() -> Any:
        # A black and a white picture pin the input's range, and so its scale, to every pixel value.
        ends = np.stack([np.full_like(pixels[0], value) for value in (0, 255)])
        for picture in normalized(np.concatenate([ends, pixels[: recipe.calibration_images]])):
            yield [picture[None]]

    converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibration
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return aligned(bytes(converter.convert()))


def aligned(content: bytes) -> bytes:
    """Rewrite a .tflite file with its constants at multiples of 16 bytes.

    The converter aligns them, but its last step (integer input and output) loses that again.
    """
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    class AlignedBuffer(schema.BufferT):  # type: ignore[misc]
        def Pack(self, builder: Any) -> Any:
            data = bytes(self.data)
            builder.StartVector(1, len(data), BUFFER_ALIGNMENT)
            builder.head -= len(data)
            builder.Bytes[builder.head : builder.head + len(data)] = data
            vector = builder.EndVector()
            schema.BufferStart(builder)
            schema.BufferAddData(builder, vector)
            return schema.BufferEnd(builder)

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for buffer in model.buffers:
        if buffer.data is not None:
            buffer.__class__ = AlignedBuffer
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def reference_interpreter(content: bytes) -> Any:
    """Load the model with TensorFlow Lite's reference kernels."""
    import tensorflow as tf

    resolver = tf.lite.experimental.OpResolverType.BUILTIN_REF
    interpreter = tf.lite.Interpreter(model_content=content, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    return interpreter


def check(content: bytes) -> None:
    """Raise ValueError unless the model is what the runtimes expect."""
    interpreter = reference_interpreter(content)
    ops = {op["op_name"] for op in interpreter._get_ops_details()} - {"DELEGATE"}
    if ops != EXPECTED_OPS:
        raise ValueError(f"the converter emitted {sorted(ops)}, not {sorted(EXPECTED_OPS)}")
    for details, expected in (
        (interpreter.get_input_details()[0], (np.int8, (INPUT_SCALE, 0))),
        (interpreter.get_output_details()[0], (np.int8, (1 / 256, -128))),
    ):
        if (details["dtype"], details["quantization"]) != expected:
            raise ValueError(f"{details['name']}: {details['dtype']}, {details['quantization']}")
    if any(address % BUFFER_ALIGNMENT for address in constant_addresses(content)):
        raise ValueError("the file's constants are not aligned")
    if len(content) >= 400_000:
        raise ValueError(f"the model takes {len(content)} bytes, the bundle allows 400,000")


def constant_addresses(content: bytes) -> list[int]:
    """Return where in the file the bytes of each constant begin."""
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    tables = [model.Buffers(i)._tab for i in range(model.BuffersLength())]
    fields = [(table, table.Offset(DATA_FIELD)) for table in tables]
    return [table.Vector(field) for table, field in fields if field]


def run_int8(content: bytes, pixels: Pixels) -> npt.NDArray[np.int8]:
    """Return the scores of the quantized model, int8 [N, classes]."""
    interpreter = reference_interpreter(content)
    source = interpreter.get_input_details()[0]["index"]
    target = interpreter.get_output_details()[0]["index"]
    scores = []
    for picture in (pixels.astype(np.int16) - 128).astype(np.int8):
        interpreter.set_tensor(source, picture[None])
        interpreter.invoke()
        scores.append(interpreter.get_tensor(target)[0])
    return np.stack(scores)


def accuracy(scores: npt.NDArray[Any], labels: Labels) -> dict[str, float]:
    """Return top-1 and top-5 accuracy, ties broken by the lowest class index."""
    order = np.argsort(-scores.astype(np.float64), axis=1, kind="stable")
    hits = order == labels[:, None]
    return {"top1": float(hits[:, 0].mean()), "top5": float(hits[:, :5].any(axis=1).mean())}


def top1_by_class(scores: npt.NDArray[Any], labels: Labels) -> dict[str, float]:
    """Return the top-1 accuracy of each class by its name."""
    hits = scores.argmax(axis=1) == labels
    return {name: float(hits[labels == i].mean()) for i, name in enumerate(CLASS_NAMES)}


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, then rename it."""
    temporary = path.with_suffix(".part")
    temporary.write_bytes(content)
    temporary.replace(path)


if __name__ == "__main__":
    main()
