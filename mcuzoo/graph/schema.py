"""The part of the TFLite schema (version 3) that mcuzoo reads: field slots, codes, options by name.

Source: tensorflow/lite/schema/schema.fbs; a field's slot is its place in its table there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mcuzoo.graph.model import DType

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3

TENSOR_TYPES: dict[int, DType] = {
    0: DType.FLOAT32,
    1: DType.FLOAT16,
    2: DType.INT32,
    3: DType.UINT8,
    4: DType.INT64,
    6: DType.BOOL,
    7: DType.INT16,
    9: DType.INT8,
}
OTHER_TENSOR_TYPES: dict[int, str] = {
    5: "STRING",
    8: "COMPLEX64",
    10: "FLOAT64",
    11: "COMPLEX128",
    12: "UINT64",
    13: "RESOURCE",
    14: "VARIANT",
    15: "UINT32",
    16: "UINT16",
    17: "INT4",
    18: "BFLOAT16",
    19: "INT2",
    20: "UINT4",
    21: "FLOAT8_E4M3FN",
    22: "FLOAT8_E5M2",
}


class ModelSlot:
    VERSION, OPERATOR_CODES, SUBGRAPHS, DESCRIPTION, BUFFERS = range(5)
    METADATA_BUFFER, METADATA, SIGNATURES = range(5, 8)


class OperatorCodeSlot:
    DEPRECATED_BUILTIN_CODE, CUSTOM_CODE, VERSION, BUILTIN_CODE = range(4)


class SubGraphSlot:
    TENSORS, INPUTS, OUTPUTS, OPERATORS = range(4)


class TensorSlot:
    SHAPE, TYPE, BUFFER, NAME, QUANTIZATION, IS_VARIABLE, SPARSITY = range(7)


class QuantizationSlot:
    MIN, MAX, SCALE, ZERO_POINT, DETAILS_TYPE, DETAILS, QUANTIZED_DIMENSION = range(7)


class OperatorSlot:
    OPCODE_INDEX, INPUTS, OUTPUTS, OPTIONS_TYPE, OPTIONS, CUSTOM_OPTIONS = range(6)
    INTERMEDIATES = 8


class BufferSlot:
    DATA, OFFSET, SIZE = range(3)


class MetadataSlot:
    NAME, BUFFER = range(2)


PLAN_METADATA = "OfflineMemoryAllocation"
"""The metadata that tells TFLM where each tensor lies in its arena."""


PADDINGS = ("SAME", "VALID")
ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")


class OptionField(NamedTuple):
    """One builtin option: its slot, its kind (a struct letter, an enum's words, or "ints")."""

    name: str
    slot: int
    kind: str | tuple[str, ...]
    default: Any = 0


_STRIDES = (
    OptionField("padding", 0, PADDINGS, "SAME"),
    OptionField("stride_w", 1, "i"),
    OptionField("stride_h", 2, "i"),
)
_POOL = (
    *_STRIDES,
    OptionField("filter_width", 3, "i"),
    OptionField("filter_height", 4, "i"),
    OptionField("fused_activation_function", 5, ACTIVATIONS, "NONE"),
)
_REDUCER = (OptionField("keep_dims", 0, "?", False),)

# Op name -> (number of its options table in the BuiltinOptions union, its fields).
OPTIONS: dict[str, tuple[int, tuple[OptionField, ...]]] = {
    "CONV_2D": (
        1,
        (
            *_STRIDES,
            OptionField("fused_activation_function", 3, ACTIVATIONS, "NONE"),
            OptionField("dilation_w_factor", 4, "i", 1),
            OptionField("dilation_h_factor", 5, "i", 1),
        ),
    ),
    "DEPTHWISE_CONV_2D": (
        2,
        (
            *_STRIDES,
            OptionField("depth_multiplier", 3, "i"),
            OptionField("fused_activation_function", 4, ACTIVATIONS, "NONE"),
            OptionField("dilation_w_factor", 5, "i", 1),
            OptionField("dilation_h_factor", 6, "i", 1),
        ),
    ),
    "AVERAGE_POOL_2D": (5, _POOL),
    "MAX_POOL_2D": (5, _POOL),
    "FULLY_CONNECTED": (
        8,
        (
            OptionField("fused_activation_function", 0, ACTIVATIONS, "NONE"),
            OptionField("weights_format", 1, ("DEFAULT", "SHUFFLED4x16INT8"), "DEFAULT"),
            OptionField("keep_num_dims", 2, "?", False),
        ),
    ),
    "SOFTMAX": (9, (OptionField("beta", 0, "f", 0.0),)),
    "ADD": (11, (OptionField("fused_activation_function", 0, ACTIVATIONS, "NONE"),)),
    "RESHAPE": (17, (OptionField("new_shape", 0, "ints", ()),)),
    "MEAN": (27, _REDUCER),
    "REDUCE_MAX": (27, _REDUCER),
    "REDUCE_MIN": (27, _REDUCER),
    "SUM": (27, _REDUCER),
    "L2_NORMALIZATION": (12, (OptionField("fused_activation_function", 0, ACTIVATIONS, "NONE"),)),
    "CONCATENATION": (
        10,
        (
            OptionField("axis", 0, "i"),
            OptionField("fused_activation_function", 1, ACTIVATIONS, "NONE"),
        ),
    ),
    "RESIZE_BILINEAR": (
        15,
        (
            OptionField("align_corners", 2, "?", False),
            OptionField("half_pixel_centers", 3, "?", False),
        ),
    ),
    "MUL": (21, (OptionField("fused_activation_function", 0, ACTIVATIONS, "NONE"),)),
    "SUB": (28, (OptionField("fused_activation_function", 0, ACTIVATIONS, "NONE"),)),
    "STRIDED_SLICE": (
        32,
        (
            OptionField("begin_mask", 0, "i"),
            OptionField("end_mask", 1, "i"),
            OptionField("ellipsis_mask", 2, "i"),
            OptionField("new_axis_mask", 3, "i"),
            OptionField("shrink_axis_mask", 4, "i"),
            OptionField("offset", 5, "?", False),
        ),
    ),
    "RESIZE_NEAREST_NEIGHBOR": (
        74,
        (
            OptionField("align_corners", 0, "?", False),
            OptionField("half_pixel_centers", 1, "?", False),
        ),
    ),
    "LEAKY_RELU": (75, (OptionField("alpha", 0, "f", 0.0),)),
    "DEPTH_TO_SPACE": (94, (OptionField("block_size", 0, "i"),)),
    "MIRROR_PAD": (77, (OptionField("mode", 0, ("REFLECT", "SYMMETRIC"), "REFLECT"),)),
    "SPACE_TO_DEPTH": (19, (OptionField("block_size", 0, "i"),)),
    "TRANSPOSE_CONV": (
        49,
        (*_STRIDES, OptionField("fused_activation_function", 3, ACTIVATIONS, "NONE")),
    ),
    # What shapes are computed with: fold.py reads these.
    "CAST": (37, (OptionField("in_data_type", 0, "b"), OptionField("out_data_type", 1, "b"))),
    "DIV": (29, (OptionField("fused_activation_function", 0, ACTIVATIONS, "NONE"),)),
    "GATHER": (23, (OptionField("axis", 0, "i"), OptionField("batch_dims", 1, "i"))),
    "PACK": (59, (OptionField("values_count", 0, "i"), OptionField("axis", 1, "i"))),
    "REDUCE_PROD": (27, _REDUCER),
    "SHAPE": (55, (OptionField("out_type", 0, "b", 2),)),
    "SPLIT": (35, (OptionField("num_splits", 0, "i"),)),
    "SPLIT_V": (79, (OptionField("num_splits", 0, "i"),)),
    "SQUEEZE": (30, (OptionField("squeeze_dims", 0, "ints", ()),)),
    "UNPACK": (64, (OptionField("num", 0, "i"), OptionField("axis", 1, "i"))),
}

BIAS_TYPE_SLOT = {"CONV_2D": 6, "FULLY_CONNECTED": 4, "TRANSPOSE_CONV": 4}
"""The options that name a type of the bias; only TFLM's parser reads it."""

CUSTOM_OP = 32

# BuiltinOperator, from 0 on.
_OPERATOR_WORDS = """
ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE
EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D
LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1
RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM
CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND
SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE
BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM
CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE
SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE
POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT
UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE
RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL
REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE
MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5
SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM
CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND
HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE
ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU
DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX
UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT
STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM
STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE STABLEHLO_BROADCAST_IN_DIM
STABLEHLO_CONVOLUTION STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE STABLEHLO_ABS
STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG
STABLEHLO_MINIMUM STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER
STABLEHLO_RSQRT STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER
STABLEHLO_COMPARE STABLEHLO_CONVERT STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE
STABLEHLO_PAD STABLEHLO_IOTA STABLEHLO_DOT_GENERAL STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT
STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE STABLEHLO_RNG_BIT_GENERATOR
REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT STABLEHLO_CASE
"""
OPERATORS: tuple[str, ...] = tuple(_OPERATOR_WORDS.split())
