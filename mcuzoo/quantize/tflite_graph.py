"""The graph of a .tflite file as TensorFlow's own objects for the format, which can be edited. Only
the worker's process uses it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.quantize.refused import RefusedError, first_line

_TYPES = (
    *("float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64"),
    *("int8", "float64", "complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4"),
)
"""numpy's names of TensorFlow Lite's TensorType, by its number."""
_FLOAT32, _INT8, _INT32 = _TYPES.index("float32"), _TYPES.index("int8"), _TYPES.index("int32")
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
_PACKED_TYPES = ("int4",)
_STATE = ("WHILE", "IF", "CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE")
TO_CHANNELS_LAST = (0, 2, 3, 1)
_LARGE_BIAS = 1 << 24
"""A bias of a channel without weights that is larger is the converter's overflow, not a value."""

HOW_TO_GO_ON = (
    "Give the Keras file, the SavedModel or the float32 .tflite that it was converted from."
)


def interpreter_of(raw: bytes, shape: tuple[int, ...] | None = None) -> Any:
    """TensorFlow's interpreter, which keeps all tensors. shape: of the input."""
    import tensorflow as tf

    kinds = tf.lite.experimental.OpResolverType
    interpreter = tf.lite.Interpreter(
        model_content=raw,
        # Without XNNPACK, which does not keep all tensors.
        experimental_op_resolver_type=kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    if shape is not None:
        interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], shape)
    interpreter.allocate_tensors()
    return interpreter


def run_on_zeros(interpreter: Any) -> None:
    """Run an interpreter of one input."""
    source = interpreter.get_input_details()[0]
    interpreter.set_tensor(source["index"], np.zeros(source["shape"], source["dtype"]))
    interpreter.invoke()


class Graph:
    """The one subgraph of a file, as TensorFlow's objects, which are edited."""

    def __init__(self, raw: bytes) -> None:
        from tensorflow.lite.tools import flatbuffer_utils

        self._tools = flatbuffer_utils
        self._model = flatbuffer_utils.convert_bytearray_to_object(bytearray(raw))
        names = {self._name(op) for part in self._model.subgraphs for op in part.operators or ()}
        if len(self._model.subgraphs) != 1 or names & set(_STATE):
            raise RefusedError(
                "The network has branches, loops or a state, and a classifier of images has none",
                HOW_TO_GO_ON,
            )
        self._graph = self._model.subgraphs[0]

    def packed(self) -> bytes:
        return bytes(self._tools.convert_object_to_bytearray(self._model))

    def require_float_image(self) -> None:
        """Raise RefusedError unless one float32 tensor comes in and one goes out."""
        for role, ends in (("input", self._graph.inputs), ("output", self._graph.outputs)):
            if len(ends) != 1:
                raise RefusedError(
                    f"The model has {len(ends)} {role}s, a classifier of images has one",
                    "Export the model with the one that takes the image, or gives the classes.",
                )
            kind = _TYPES[self._tensor(ends[0]).type]
            if kind != "float32":
                raise RefusedError(
                    f"The model's {role} is {kind}, not float32: is it quantized already? `mcuzoo "
                    "convert` rewrites UINT8 models",
                    "`mcuzoo inspect MODEL` shows what it is; an INT8 model needs no quantization.",
                )

        within = {_TYPES[self._tensor(i).type] for op in self._graph.operators for i in op.outputs}
        if within & {"int8", "uint8", "int16"}:
            raise RefusedError(
                f"The model takes and gives float32, but is {' and '.join(sorted(within))} inside: "
                "it is quantized already",
                "An INT8 model with float ends runs as it is: `mcuzoo try MODEL`; `mcuzoo convert "
                "IN.tflite OUT.tflite` rewrites a UINT8 one.",
            )

    def fix_shapes(self, image: tuple[int, ...] | None) -> None:
        """Write the shapes of all tensors for one image. Raises RefusedError for a size that is
        neither in the file nor in `image`."""
        source = self._tensor(self._graph.inputs[0])
        shape = [int(size) for size in source.shape]
        signature = source.shapeSignature
        said = shape if signature is None or len(signature) == 0 else [int(s) for s in signature]
        if said and said[0] == -1:
            said[0] = 1
        if image is not None and len(said) in (3, 4):
            sizes = image if len(said) == 4 else image[:2]
            channels_first = -1 not in said[1:2] and said[1] == image[2] and said[-1] != image[2]
            sizes = (image[2], *image[:2]) if channels_first and len(said) == 4 else sizes
            said = [1, *sizes]
        if -1 in said:
            raise RefusedError(
                f"The network takes {said[1:]} and leaves the image's size open: --input "
                "HEIGHTxWIDTHxCHANNELS says it",
                "Add it, for example --input 96x96x3.",
            )
        raw = self.packed()
        try:
            interpreter = interpreter_of(raw, tuple(said))
            # Some shapes are known only when it has run.
            run_on_zeros(interpreter)
            details = interpreter.get_tensor_details()
        except (RuntimeError, ValueError) as error:
            raise RefusedError(
                f"The network does not take one image of {said[1:]}: {first_line(error)}",
                HOW_TO_GO_ON,
            ) from error
        for one in details:
            # Tensors that the interpreter adds for itself have no place in the file.
            if one["index"] < len(self._graph.tensors):
                tensor = self._tensor(one["index"])
                tensor.shape = [int(size) for size in one["shape"]]
                tensor.shapeSignature = None

    def unpack_weights(self) -> tuple[str, ...]:
        """Make float32 of the weights that a float operator takes as int8; how weights were stored,
        float16 ones included, which `fold` unpacks."""
        stored = set()
        for op in self._graph.operators:
            inputs = [index for index in op.inputs if index != -1]
            if self._name(op) == "DEQUANTIZE":
                if self._is_constant(inputs[0]):
                    stored.add(_TYPES[self._tensor(inputs[0]).type])
                continue
            if self._tensor(op.outputs[0]).type != _FLOAT32:
                continue
            for index in inputs:
                tensor = self._tensor(index)
                if _TYPES[tensor.type] in _PACKED_TYPES:
                    raise RefusedError("Its weights have 4 bits, which are not read", HOW_TO_GO_ON)
                if (
                    tensor.type == _INT8
                    and self._is_constant(index)
                    and _scales(tensor) is not None
                ):
                    stored.add("int8")
                    self._set_constant(index, _dequantized(tensor, self._value(index)))
            self._forget_hybrid(op)
        return tuple(sorted(stored))

    def fold(self) -> None:
        """Compute every operator whose output does not depend on the image: shapes, unpacking."""
        constant = {index for index in range(len(self._graph.tensors)) if self._is_constant(index)}
        folded = []
        for op in self._graph.operators:
            known = all(index == -1 or index in constant for index in op.inputs)
            if self._name(op) == "SHAPE" or (known and len(op.inputs) > 0):
                folded.append(op)
                constant.update(op.outputs)
        if not folded:
            return
        interpreter = interpreter_of(self.packed())
        run_on_zeros(interpreter)
        for op in folded:
            for index in op.outputs:
                self._set_constant(index, interpreter.get_tensor(index))
        self._graph.operators = [op for op in self._graph.operators if op not in folded]
        self._drop_unread()

    def take_channels_last(self) -> None:
        """An image whose channels come first is turned at the entry: let the network take it
        turned."""
        source = self._graph.inputs[0]
        shape = [int(size) for size in self._tensor(source).shape]
        if len(shape) != 4 or shape[3] in (1, 3) or shape[1] not in (1, 3):
            return
        readers = [op for op in self._graph.operators if source in op.inputs]
        if len(readers) == 1 and self._name(readers[0]) == "TRANSPOSE":
            order = tuple(int(axis) for axis in self._value(readers[0].inputs[1]))
            if order == TO_CHANNELS_LAST:
                self._graph.operators.remove(readers[0])
                self._set_input(int(readers[0].outputs[0]))
                self._drop_unread()

    def take_four_dimensions(self) -> None:
        """An image of [1, height, width] gets the dimension of its one channel."""
        source = self._graph.inputs[0]
        tensor = self._tensor(source)
        shape = [int(size) for size in tensor.shape]
        if len(shape) != 3:
            return
        schema = _schema()
        image, wanted = schema.TensorT(), schema.TensorT()
        image.name, image.shape, image.type, image.buffer = b"image", [*shape, 1], _FLOAT32, 0
        wanted.name, wanted.shape, wanted.type = b"image/shape", [3], _INT32
        wanted.buffer = self._new_buffer(np.array(shape, np.int32))
        self._graph.tensors += [image, wanted]
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.RESHAPE
        code.version = 1
        self._model.operatorCodes.append(code)
        op = schema.OperatorT()
        op.opcodeIndex = len(self._model.operatorCodes) - 1
        op.inputs = [len(self._graph.tensors) - 2, len(self._graph.tensors) - 1]
        op.outputs = [source]
        op.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
        op.builtinOptions = schema.ReshapeOptionsT()
        op.builtinOptions.newShape = shape
        self._graph.operators.insert(0, op)
        self._set_input(op.inputs[0])

    def rescale_empty_channels(self) -> None:
        """Give a channel of zero weights, which have any scale, one that keeps its bias small."""
        for op in self._graph.operators:
            if self._name(op) not in _WEIGHTED or len(op.inputs) < 3 or op.inputs[-1] == -1:
                continue
            weights, bias = (self._tensor(index) for index in op.inputs[1:3])
            if not (self._is_constant(op.inputs[1]) and self._is_constant(op.inputs[2])):
                continue
            if weights.type != _INT8 or bias.type != _INT32:
                continue
            self._rescale(weights, self._value(op.inputs[1]), op.inputs[2])

    def _rescale(self, weights: Any, values: NDArray[Any], bias_index: int) -> None:
        bias, biases = self._tensor(bias_index), self._value(bias_index).copy()
        scales = np.array(weights.quantization.scale, np.float32)
        bias_scales = np.array(bias.quantization.scale, np.float32)
        if not len(scales) == len(bias_scales) == biases.size or biases.size < 2:
            return
        axis = int(weights.quantization.quantizedDimension)
        others = tuple(dim for dim in range(values.ndim) if dim != axis)
        empty = ~values.any(axis=others) & (np.abs(biases.astype(np.int64)) > _LARGE_BIAS)
        for channel in np.flatnonzero(empty):
            larger = np.float32(2.0 ** np.ceil(np.log2(abs(int(biases[channel])) / _LARGE_BIAS)))
            real = float(biases[channel]) * float(bias_scales[channel])
            scales[channel] *= larger
            bias_scales[channel] *= larger
            biases[channel] = round(real / float(bias_scales[channel]))
        if empty.any():
            weights.quantization.scale = [float(scale) for scale in scales]
            bias.quantization.scale = [float(scale) for scale in bias_scales]
            # A buffer of its own: another layer may share the old one.
            bias.buffer = self._new_buffer(biases)

    def _name(self, op: Any) -> str:
        return str(self._tools.opcode_to_name(self._model, op.opcodeIndex))

    def _tensor(self, index: int) -> Any:
        return self._graph.tensors[index]

    def _data(self, index: int) -> Any:
        return self._model.buffers[self._tensor(index).buffer].data

    def _is_constant(self, index: int) -> bool:
        data = self._data(index)
        return data is not None and len(data) > 0

    def _value(self, index: int) -> NDArray[Any]:
        tensor = self._tensor(index)
        shape = [] if tensor.shape is None else [int(size) for size in tensor.shape]
        data = np.asarray(self._data(index), np.uint8).tobytes()
        return np.frombuffer(data, _TYPES[tensor.type]).reshape(shape)

    def _set_constant(self, index: int, value: NDArray[Any]) -> None:
        tensor = self._tensor(index)
        tensor.buffer = self._new_buffer(value)
        tensor.shape = list(value.shape)
        tensor.shapeSignature = None
        tensor.type = _TYPES.index(value.dtype.name)
        if value.dtype == np.float32:
            tensor.quantization = None

    def _new_buffer(self, value: NDArray[Any]) -> int:
        buffer = _schema().BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        return len(self._model.buffers) - 1

    def _set_input(self, index: int) -> None:
        before = int(self._graph.inputs[0])
        self._graph.inputs = [index]
        for signature in self._model.signatureDefs or ():
            for one in signature.inputs or ():
                if one.tensorIndex == before:
                    one.tensorIndex = index

    def _forget_hybrid(self, op: Any) -> None:
        """What a float operator had been told about int8 weights."""
        options = op.builtinOptions
        for name in ("asymmetricQuantizeInputs", "quantizedBiasType"):
            if hasattr(options, name):
                setattr(options, name, 0)

    def _drop_unread(self) -> None:
        """Free the data of constants that nothing reads any more, and forget operators that are
        gone: TensorFlow's calibration refuses a file that only names one it does not have."""
        codes = sorted({op.opcodeIndex for op in self._graph.operators})
        self._model.operatorCodes = [self._model.operatorCodes[code] for code in codes]
        for op in self._graph.operators:
            op.opcodeIndex = codes.index(op.opcodeIndex)
        kept = {index for op in self._graph.operators for index in op.inputs if index != -1}
        kept |= {*self._graph.inputs, *self._graph.outputs}
        used = {self._tensor(index).buffer for index in kept}
        used |= {one.buffer for one in self._model.metadata or ()}
        for number, buffer in enumerate(self._model.buffers):
            if number not in used:
                buffer.data = None


def _schema() -> Any:
    from tensorflow.lite.python import schema_py_generated

    return schema_py_generated


def _scales(tensor: Any) -> NDArray[np.float32] | None:
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or not len(quantization.scale):
        return None
    return np.array(quantization.scale, np.float32)


def _dequantized(tensor: Any, values: NDArray[Any]) -> NDArray[np.float32]:
    scales = _scales(tensor)
    assert scales is not None
    zero_points = tensor.quantization.zeroPoint
    zeros = np.zeros(1, np.float32) if zero_points is None else np.array(zero_points, np.float32)
    if len(scales) > 1:
        shape = [1] * values.ndim
        shape[int(tensor.quantization.quantizedDimension)] = -1
        scales, zeros = scales.reshape(shape), zeros.reshape(shape) if len(zeros) > 1 else zeros
    return np.asarray((values.astype(np.float32) - zeros) * scales, np.float32)
