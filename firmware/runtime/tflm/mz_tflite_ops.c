/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Sources of the rules: the kernels of TFLM and CMSIS-NN. They check some of this with assertions,
 * which a release build does not have, or with TFLITE_CHECK, which ends the firmware, or not at
 * all. */
#include "runtime/tflm/mz_tflite_ops.h"

#include <stddef.h>

#include "runtime/tflm/mz_tflite_slots.h"

#define MAX_OPERANDS 10u /* for CONCATENATION; no other operator has more than four */
#define IMAGE_RANK 4u
/* In pixels; with it every coordinate that a kernel computes fits into 32 bits. */
#define MAX_REACH 32767u
/* TFLM adds exponentials in Q12.19: 4096 times 1.0 overflows. */
#define MAX_SOFTMAX_ROW 4095u
/* Squares of differences to a zero point, which are added up in an int32. */
#define MAX_SQUARES 33025u
/* No real network has scales beyond these; they would overflow TFLM's preparation in float32. */
#define MIN_SCALE 1e-8f
#define MAX_SCALE 1e8f
/* A larger factor needs a left shift by more than 30, which an int32 does not allow. */
#define MAX_FACTOR 1073741823.0
#define CUSTOM_OP 32u

enum { KEEP_DIMS = 0, BETA = 0, ALPHA = 0, CONCATENATION_AXIS = 0 };
enum { PADDING, STRIDE_W, STRIDE_H };
enum { CONV_ACTIVATION = 3, CONV_DILATION_W, CONV_DILATION_H };
enum { DEPTH_MULTIPLIER = 3, DEPTHWISE_ACTIVATION, DEPTHWISE_DILATION_W, DEPTHWISE_DILATION_H };
enum { POOL_WIDTH = 3, POOL_HEIGHT, POOL_ACTIVATION };
enum { FULLY_CONNECTED_ACTIVATION, FULLY_CONNECTED_FORMAT };
enum { SLICE_BEGIN, SLICE_END, SLICE_ELLIPSIS, SLICE_NEW_AXIS, SLICE_SHRINK, SLICE_OFFSET };

typedef struct {
    mz_fb_reader *in;
    mz_tflite_tensor inputs[MAX_OPERANDS];
    uint32_t count;
    mz_tflite_tensor output;
    mz_fb_table options;
} operands;

static void refuse(const operands *op, bool wrong, const char *text) {
    if (wrong) {
        mz_fb_complain(op->in, text);
    }
}

static uint32_t option(const operands *op, uint32_t slot, uint32_t otherwise) {
    const uint32_t at = mz_fb_find(op->in, &op->options, slot, 4u);
    return at == 0u ? otherwise : mz_fb_u32(op->in, at);
}

static float float_option(const operands *op, uint32_t slot) {
    const uint32_t at = mz_fb_find(op->in, &op->options, slot, 4u);
    return at == 0u ? 0.0f : mz_tflite_float(op->in, at);
}

static bool flag(const operands *op, uint32_t slot) {
    return mz_fb_get_byte(op->in, &op->options, slot) != 0u;
}

/* Element i of a constant int32 tensor. */
static int32_t constant(const operands *op, const mz_tflite_tensor *tensor, uint32_t i) {
    return (int32_t)mz_fb_u32(op->in, tensor->data + 4u * i);
}

static float scale_of(const operands *op, const mz_tflite_tensor *tensor) {
    return mz_tflite_float(op->in, tensor->scales.at);
}

/* Zero points are int64 in the file; one that does not fit into int32 becomes INT32_MIN. */
static int32_t zero_point(mz_fb_reader *in, const mz_tflite_tensor *tensor, uint32_t i) {
    const int32_t low = (int32_t)mz_fb_u32(in, tensor->zero_points.at + 8u * i);
    const uint32_t high = mz_fb_u32(in, tensor->zero_points.at + 8u * i + 4u);
    return high == (low < 0 ? UINT32_MAX : 0u) ? low : INT32_MIN;
}

static bool same_shape(const mz_tflite_tensor *one, const mz_tflite_tensor *other) {
    bool same = one->rank == other->rank;
    for (uint32_t i = 0u; same && i < one->rank; i++) {
        same = one->dims[i] == other->dims[i];
    }
    return same;
}

/* Size of dimension i, after the shape is extended to `rank` by ones in front. */
static uint32_t extended(const mz_tflite_tensor *tensor, uint32_t rank, uint32_t i) {
    return i < rank - tensor->rank ? 1u : tensor->dims[i - (rank - tensor->rank)];
}

static void need_factor(const operands *op, double factor) {
    refuse(op, !(factor < MAX_FACTOR), "has scales too far apart for 32-bit fixed point");
}

static void need_same_shapes(const operands *op) {
    refuse(op, !same_shape(&op->inputs[0], &op->output), "has an output of another shape");
}

/* For a kernel that only moves or compares values and does not convert them. */
static void need_same_quantization(const operands *op, const mz_tflite_tensor *tensor) {
    const float one = scale_of(op, tensor);
    const float other = scale_of(op, &op->output);
    const float difference = one > other ? one - other : other - one;
    refuse(op,
           difference > 1e-6f * one ||
               zero_point(op->in, tensor, 0u) != zero_point(op->in, &op->output, 0u),
           "has an output that is quantized unlike its input, which TFLM does not convert");
}

static void need_activation(const operands *op, uint32_t slot) {
    refuse(op, mz_fb_get_byte(op->in, &op->options, slot) > 3u,
           "has a fused activation without an int8 kernel");
}

static double ratio(const operands *op) {
    return (double)scale_of(op, &op->inputs[0]) / (double)scale_of(op, &op->output);
}

/* One dimension of a sliding window: true if it gives `output` positions. */
static bool slides(uint32_t padding, uint32_t input, uint32_t output, uint32_t taps,
                   uint32_t stride, uint32_t dilation) {
    if (taps - 1u >= MAX_REACH || stride - 1u >= MAX_REACH || dilation - 1u >= MAX_REACH ||
        taps > MAX_REACH / dilation || input > MAX_REACH) {
        return false;
    }
    const uint32_t reach = (taps - 1u) * dilation + 1u;
    if (padding == 0u) {
        return output == (input + stride - 1u) / stride;
    }
    return padding == 1u && input >= reach && output == (input - reach) / stride + 1u;
}

/* Windows of `taps` (height, width) over NHWC. */
static void need_window(const operands *op, const uint32_t *taps, uint32_t height_slot,
                        uint32_t width_slot) {
    const mz_tflite_tensor *const source = &op->inputs[0];
    const uint32_t padding = mz_fb_get_byte(op->in, &op->options, PADDING);
    const uint32_t tall = height_slot == 0u ? 1u : option(op, height_slot, 1u);
    const uint32_t wide = width_slot == 0u ? 1u : option(op, width_slot, 1u);
    if (source->rank != IMAGE_RANK || op->output.rank != IMAGE_RANK ||
        source->dims[0] != op->output.dims[0]) {
        mz_fb_complain(op->in, "has an input or output that is no batch of images");
        return;
    }
    refuse(op,
           !slides(padding, source->dims[1], op->output.dims[1], taps[0], option(op, STRIDE_H, 0u),
                   tall) ||
               !slides(padding, source->dims[2], op->output.dims[2], taps[1],
                       option(op, STRIDE_W, 0u), wide),
           "has a window, stride or padding that does not give its output's shape");
}

/* Weights have one scale, or one per output channel along `axis`, and give factors that are in
 * range. */
static void need_weights(const operands *op, uint32_t axis, bool symmetric) {
    const mz_tflite_tensor *const weights = &op->inputs[1];
    const uint32_t scales = weights->scales.count;
    const uint32_t zeros = weights->zero_points.count;
    if (scales == 0u || (zeros != 1u && zeros != scales) ||
        (scales > 1u && (weights->axis != axis || scales != weights->dims[axis]))) {
        mz_fb_complain(op->in, "has weights without one scale, or one per output channel");
        return;
    }
    for (uint32_t i = 0u; i < scales && mz_fb_sound(op->in); i++) {
        const float scale = mz_tflite_float(op->in, weights->scales.at + 4u * i);
        refuse(op, !(scale >= 0.0f && scale <= MAX_SCALE), "has weights with an impossible scale");
        need_factor(op, ratio(op) * (double)scale);
    }
    for (uint32_t i = 0u; i < zeros && mz_fb_sound(op->in); i++) {
        const int32_t zero = zero_point(op->in, weights, i);
        refuse(op, symmetric ? zero != 0 : zero < -128 || zero > 127,
               "has weights with a zero point that kernels ignore");
    }
}

static void need_bias(const operands *op, uint32_t channels) {
    refuse(op,
           op->count > 2u && op->inputs[2].type == MZ_TFLITE_INT32 &&
               op->inputs[2].elements != channels,
           "has a bias of another number of channels");
}

static void convolution(const operands *op) {
    const mz_tflite_tensor *const weights = &op->inputs[1];
    need_window(op, weights->dims + 1, CONV_DILATION_H, CONV_DILATION_W);
    need_activation(op, CONV_ACTIVATION);
    if (!mz_fb_sound(op->in)) {
        return;
    }
    if (weights->rank != IMAGE_RANK || op->inputs[0].dims[3] % weights->dims[3] != 0u ||
        weights->dims[0] % (op->inputs[0].dims[3] / weights->dims[3]) != 0u ||
        weights->dims[0] != op->output.dims[3]) {
        mz_fb_complain(op->in, "has weights that do not fit the channels of its input and output");
        return;
    }
    need_bias(op, weights->dims[0]);
    need_weights(op, 0u, true);
}

static void depthwise(const operands *op) {
    const mz_tflite_tensor *const weights = &op->inputs[1];
    const uint32_t multiplier = option(op, DEPTH_MULTIPLIER, 0u);
    need_window(op, weights->dims + 1, DEPTHWISE_DILATION_H, DEPTHWISE_DILATION_W);
    need_activation(op, DEPTHWISE_ACTIVATION);
    if (!mz_fb_sound(op->in)) {
        return;
    }
    if (weights->rank != IMAGE_RANK || weights->dims[0] != 1u ||
        weights->dims[3] != op->output.dims[3] || multiplier == 0u ||
        multiplier > weights->dims[3] || weights->dims[3] != op->inputs[0].dims[3] * multiplier) {
        mz_fb_complain(op->in, "has weights that do not fit the channels of its input and output");
        return;
    }
    need_bias(op, weights->dims[3]);
    need_weights(op, 3u, true);
}

static void fully_connected(const operands *op) {
    const mz_tflite_tensor *const weights = &op->inputs[1];
    need_activation(op, FULLY_CONNECTED_ACTIVATION);
    refuse(op, mz_fb_get_byte(op->in, &op->options, FULLY_CONNECTED_FORMAT) != 0u,
           "has shuffled weights");
    if (weights->rank != 2u || op->output.rank == 0u || op->output.rank > IMAGE_RANK ||
        op->output.dims[op->output.rank - 1u] != weights->dims[0] ||
        op->inputs[0].elements % weights->dims[1] != 0u ||
        op->inputs[0].elements / weights->dims[1] != op->output.elements / weights->dims[0]) {
        mz_fb_complain(op->in, "has weights that do not fit its input and output");
        return;
    }
    need_bias(op, weights->dims[0]);
    need_weights(op, 0u, false);
}

static void pool(const operands *op) {
    const uint32_t taps[2] = {option(op, POOL_HEIGHT, 0u), option(op, POOL_WIDTH, 0u)};
    need_window(op, taps, 0u, 0u);
    need_activation(op, POOL_ACTIVATION);
    refuse(op, op->inputs[0].dims[3] != op->output.dims[3], "has an output of other channels");
}

static void softmax(const operands *op) {
    const mz_tflite_tensor *const source = &op->inputs[0];
    const float beta = float_option(op, BETA);
    need_same_shapes(op);
    refuse(op, source->rank == 0u || source->dims[source->rank - 1u] > MAX_SOFTMAX_ROW,
           "has rows longer than 4095");
    refuse(op,
           !((double)beta * (double)scale_of(op, source) * (double)(1 << 26) > 1.0 &&
             beta <= MAX_SCALE),
           "has a beta or an input scale that is too small or no number");
}

/* The output has the shape that the two inputs broadcast to. */
static void need_broadcast(const operands *op) {
    const mz_tflite_tensor *const one = &op->inputs[0];
    const mz_tflite_tensor *const two = &op->inputs[1];
    const uint32_t rank = one->rank > two->rank ? one->rank : two->rank;
    bool fits = rank <= IMAGE_RANK && op->output.rank == rank;
    for (uint32_t i = 0u; fits && i < rank; i++) {
        const uint32_t first = extended(one, rank, i);
        const uint32_t second = extended(two, rank, i);
        const uint32_t wanted = first == 1u ? second : first;
        fits = (second == 1u || second == wanted) && op->output.dims[i] == wanted;
    }
    refuse(op, !fits,
           "has inputs that do not broadcast to its output's shape, of 4 dimensions at most");
}

/* ADD and SUB bring both inputs to twice the larger scale, shifted left by 20 bits. */
static void add(const operands *op) {
    const float one = scale_of(op, &op->inputs[0]);
    const float two = scale_of(op, &op->inputs[1]);
    const double larger = (double)(one > two ? one : two);
    need_broadcast(op);
    need_activation(op, 0u);
    refuse(op, !(2.0 * larger / (double)scale_of(op, &op->output) < 1048575.0),
           "has an output scale too small for its inputs'");
}

/* SQUARED_DIFFERENCE brings them there, too, shifted left by 7 bits. */
static void squared_difference(const operands *op) {
    const double one = (double)scale_of(op, &op->inputs[0]);
    const double two = (double)scale_of(op, &op->inputs[1]);
    const double larger = 2.0 * (one > two ? one : two);
    need_broadcast(op);
    need_factor(op, larger * larger / (16384.0 * (double)scale_of(op, &op->output)));
}

static void multiply(const operands *op) {
    need_broadcast(op);
    need_activation(op, 0u);
    need_factor(op, ratio(op) * (double)scale_of(op, &op->inputs[1]));
}

static void prelu(const operands *op) {
    need_broadcast(op);
    refuse(op, !same_shape(&op->inputs[0], &op->output), "has an output of another shape");
    need_factor(op, ratio(op));
    need_factor(op, ratio(op) * (double)scale_of(op, &op->inputs[1]));
}

/* If a row of one element is broadcast to a longer row, CMSIS-NN reads one element too far per
 * row. */
static bool misread(const mz_tflite_tensor *one, const mz_tflite_tensor *other) {
    return extended(one, 4u, 1u) > 1u && extended(one, 4u, 2u) == 1u &&
           extended(one, 4u, 3u) == 1u && extended(other, 4u, 2u) > 1u;
}

static void extreme(const operands *op) {
    need_broadcast(op);
    need_same_quantization(op, &op->inputs[0]);
    need_same_quantization(op, &op->inputs[1]);
    refuse(op,
           mz_fb_sound(op->in) &&
               (misread(&op->inputs[0], &op->inputs[1]) || misread(&op->inputs[1], &op->inputs[0])),
           "broadcasts a column over rows, which CMSIS-NN misreads");
}

static void rescaled(const operands *op) {
    need_same_shapes(op);
    need_factor(op, ratio(op));
}

static void relu6(const operands *op) {
    need_same_shapes(op);
    need_same_quantization(op, &op->inputs[0]);
}

static void leaky_relu(const operands *op) {
    const double alpha = (double)float_option(op, ALPHA);
    rescaled(op);
    need_factor(op, ratio(op) * (alpha < 0.0 ? -alpha : alpha));
}

/* TFLM multiplies by 1 / sqrt(input scale) / output scale, shifted right by 20 bits more, of 31 at
 * most, and fails at an inference where a value is negative. */
static void inverse_square_root(const operands *op) {
    const double output = (double)scale_of(op, &op->output);
    const double square = 1.0 / ((double)scale_of(op, &op->inputs[0]) * output * output);
    need_same_shapes(op);
    refuse(op, zero_point(op->in, &op->inputs[0], 0u) != -128, "has an input that may be negative");
    refuse(op, !(square >= 1.0 / 16777216.0), "has scales too far apart for 32-bit fixed point");
}

/* TFLM makes a table of outputs in float32, and converts it to int32. */
static void exponential_linear(const operands *op) {
    need_same_shapes(op);
    refuse(op, !(255.0 * ratio(op) < 1073741824.0), "has scales too far apart for 32 bits");
}

/* TFLM assumes the quantization of the output: 1/256 and -128, for instance. */
static void need_output(const operands *op, float scale, int32_t zero) {
    const float found = scale_of(op, &op->output) / scale;
    need_same_shapes(op);
    refuse(op, !(found > 0.99f && found < 1.01f) || zero_point(op->in, &op->output, 0u) != zero,
           "has an output that is not quantized as TFLM takes it to be");
}

static void logistic(const operands *op) {
    need_output(op, 1.0f / 256.0f, -128);
}

static void hyperbolic(const operands *op) {
    need_output(op, 1.0f / 128.0f, 0);
}

static void l2_normalization(const operands *op) {
    const mz_tflite_tensor *const source = &op->inputs[0];
    need_output(op, 1.0f / 128.0f, 0);
    refuse(op, source->rank == 0u || source->rank > IMAGE_RANK, "has no dimension, or more than 4");
    refuse(op, mz_fb_sound(op->in) && source->dims[source->rank - 1u] > MAX_SQUARES,
           "has rows longer than 33025");
    refuse(op, mz_fb_get_byte(op->in, &op->options, 0u) != 0u, "has a fused activation");
}

static void log_softmax(const operands *op) {
    const mz_tflite_tensor *const source = &op->inputs[0];
    need_output(op, 1.0f / 16.0f, 127);
    refuse(op, source->rank == 0u || source->dims[source->rank - 1u] > MAX_SOFTMAX_ROW,
           "has rows longer than 4095");
    refuse(op, !((double)scale_of(op, source) * (double)(1 << 26) > 1.0),
           "has an input scale that is too small");
}

/* TFLM computes it in int16, so shifts are by at most 15 bits. */
static void hard_swish(const operands *op) {
    const double output = ratio(op) / 128.0;
    const double reluish = (double)scale_of(op, &op->inputs[0]) * (32768.0 / 3.0 / 128.0);
    need_same_shapes(op);
    refuse(
        op,
        !(output > 1.0 / 32768.0 && output < 1.0 && reluish > 1.0 / 32768.0 && reluish < 32767.0),
        "has scales too far apart for 16-bit fixed point");
}

static void reshape(const operands *op) {
    refuse(op, op->inputs[0].elements != op->output.elements, "has an output of another size");
    need_same_quantization(op, &op->inputs[0]);
}

static void concatenation(const operands *op) {
    const uint32_t rank = op->output.rank;
    const int32_t named = (int32_t)option(op, CONCATENATION_AXIS, 0u);
    const uint32_t axis = (uint32_t)(named < 0 ? named + (int32_t)rank : named);
    uint32_t left = axis < rank ? op->output.dims[axis] : 0u;
    bool fits = axis < rank;
    for (uint32_t i = 0u; fits && i < op->count; i++) {
        mz_tflite_tensor part = op->inputs[i];
        fits = part.rank == rank && part.dims[axis] <= left;
        left -= fits ? part.dims[axis] : 0u;
        part.dims[axis] = op->output.dims[axis];
        fits = fits && same_shape(&part, &op->output);
    }
    refuse(op, !fits || left != 0u, "has inputs that do not add up to its output's shape");
    refuse(op, mz_fb_get_byte(op->in, &op->options, 1u) != 0u, "has a fused activation");
}

static void reduction(const operands *op) {
    const mz_tflite_tensor *const source = &op->inputs[0];
    const int32_t rank = (int32_t)source->rank;
    const bool keep = flag(op, KEEP_DIMS);
    bool reduced[MZ_TFLITE_MAX_RANK] = {false};
    refuse(op, rank > (int32_t)IMAGE_RANK || op->inputs[1].elements > 8u,
           "has more than 4 dimensions or 8 axes");
    for (uint32_t i = 0u; mz_fb_sound(op->in) && i < op->inputs[1].elements; i++) {
        const int32_t axis = constant(op, &op->inputs[1], i);
        if (axis < -rank || axis >= rank) {
            mz_fb_complain(op->in, "names an axis that its input has not got");
            return;
        }
        reduced[axis < 0 ? axis + rank : axis] = true;
    }
    uint32_t at = 0u;
    bool fits = true;
    for (uint32_t i = 0u; fits && i < source->rank; i++) {
        if (!reduced[i] || keep) {
            fits =
                at < op->output.rank && op->output.dims[at] == (reduced[i] ? 1u : source->dims[i]);
            at++;
        }
    }
    refuse(op, !fits || at != op->output.rank,
           "has an output of another shape than its axes leave");
}

/* MEAN and SUM. */
static void mean(const operands *op) {
    reduction(op);
    refuse(op, mz_fb_sound(op->in) && op->inputs[0].elements / op->output.elements > 1u << 22,
           "adds up more values than 32 bits hold");
    need_factor(op, ratio(op));
}

/* REDUCE_MAX and REDUCE_MIN. TFLM fails at an inference unless both ends are quantized exactly
 * alike. */
static void least_or_greatest(const operands *op) {
    reduction(op);
    refuse(op,
           scale_of(op, &op->inputs[0]) != scale_of(op, &op->output) ||
               zero_point(op->in, &op->inputs[0], 0u) != zero_point(op->in, &op->output, 0u),
           "has an output that is quantized unlike its input, which TFLM does not convert");
}

static void pad(const operands *op) {
    const mz_tflite_tensor *const source = &op->inputs[0];
    bool fits = source->rank <= IMAGE_RANK && source->rank == op->output.rank &&
                op->inputs[1].elements == 2u * source->rank;
    for (uint32_t i = 0u; fits && i < source->rank; i++) {
        const int32_t before = constant(op, &op->inputs[1], 2u * i);
        const int32_t after = constant(op, &op->inputs[1], 2u * i + 1u);
        fits = before >= 0 && after >= 0 &&
               (int64_t)source->dims[i] + before + after == (int64_t)op->output.dims[i];
    }
    refuse(op, !fits, "has paddings that do not give its output's shape");
    refuse(op, op->count > 2u && op->inputs[2].elements != 1u,
           "has more than one value to pad with");
    need_same_quantization(op, source);
}

/* True if TFLM's bilinear arithmetic, in 1/1024 pixels, reads a pixel beyond the last one. */
static bool reads_beyond(const operands *op, uint32_t from, uint32_t to) {
    const bool half = flag(op, 3u);
    const bool corners = flag(op, 2u) && to > 1u;
    const uint32_t scale = corners ? (1024u * (from - 1u) + (to - 1u) / 2u) / (to - 1u)
                                   : (1024u * from + to / 2u) / to;
    const int64_t last = (int64_t)(to - 1u) * scale + (half ? (int64_t)(scale / 2u) - 512 : 0);
    return last / 1024 >= (int64_t)from;
}

static void need_resize(const operands *op) {
    const mz_tflite_tensor *const source = &op->inputs[0];
    const mz_tflite_tensor *const target = &op->output;
    const mz_tflite_tensor *const size = &op->inputs[1];
    if (source->rank != IMAGE_RANK || target->rank != IMAGE_RANK || size->rank != 1u ||
        size->elements != 2u || source->dims[0] != target->dims[0] ||
        source->dims[3] != target->dims[3] || constant(op, size, 0u) != (int32_t)target->dims[1] ||
        constant(op, size, 1u) != (int32_t)target->dims[2]) {
        mz_fb_complain(op->in, "has a size that is not its output's");
    }
    refuse(op,
           source->dims[1] > MAX_REACH || source->dims[2] > MAX_REACH ||
               target->dims[1] > MAX_REACH || target->dims[2] > MAX_REACH,
           "has an image that is too large");
    need_same_quantization(op, source);
}

static void nearest(const operands *op) {
    need_resize(op);
}

static void bilinear(const operands *op) {
    need_resize(op);
    refuse(op,
           mz_fb_sound(op->in) && (reads_beyond(op, op->inputs[0].dims[1], op->output.dims[1]) ||
                                   reads_beyond(op, op->inputs[0].dims[2], op->output.dims[2])),
           "enlarges so much that TFLM would read beyond its input");
}

static int64_t clamped(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

/* How many elements a slice takes along an axis; 0 if the kernel would not take them correctly. */
static int64_t sliced(const operands *op, uint32_t axis, uint32_t shrink) {
    const int64_t size = (int64_t)op->inputs[0].dims[axis];
    const int64_t step = constant(op, &op->inputs[3], axis);
    const int64_t low = step > 0 ? 0 : -1;
    const int64_t high = step > 0 ? size : size - 1;
    int64_t begin = constant(op, &op->inputs[1], axis);
    int64_t end = constant(op, &op->inputs[2], axis);
    if ((shrink >> axis & 1u) != 0u) {
        return step > 0 && begin >= -size && begin < size &&
                       (option(op, SLICE_BEGIN, 0u) >> axis & 1u) == 0u
                   ? 1
                   : 0;
    }
    begin = clamped(begin < 0 ? begin + size : begin, low, high);
    end = clamped(end < 0 ? end + size : end, low, high);
    if ((option(op, SLICE_BEGIN, 0u) >> axis & 1u) != 0u) {
        begin = step > 0 ? 0 : size - 1;
    }
    if ((option(op, SLICE_END, 0u) >> axis & 1u) != 0u) {
        end = step > 0 ? size : -1;
    }
    if (step == 0 || (step > 0 ? end <= begin : end >= begin)) {
        return 0;
    }
    return step > 0 ? (end - begin + step - 1) / step : (begin - end - step - 1) / -step;
}

static void strided_slice(const operands *op) {
    const uint32_t rank = op->inputs[0].rank;
    const uint32_t shrink = option(op, SLICE_SHRINK, 0u);
    bool fits = rank >= 1u && rank <= IMAGE_RANK;
    for (uint32_t i = 1u; i < 4u; i++) {
        fits = fits && op->inputs[i].elements == rank;
    }
    uint32_t at = 0u;
    for (uint32_t i = 0u; fits && i < rank; i++) {
        const int64_t count = sliced(op, i, shrink);
        fits = count > 0;
        if ((shrink >> i & 1u) == 0u) {
            fits = fits && at < op->output.rank && (int64_t)op->output.dims[at] == count;
            at++;
        }
    }
    refuse(op, !fits || at != op->output.rank, "has bounds that do not give its output's shape");
    refuse(op,
           option(op, SLICE_ELLIPSIS, 0u) != 0u || option(op, SLICE_NEW_AXIS, 0u) != 0u ||
               flag(op, SLICE_OFFSET),
           "has an ellipsis, a new axis or offsets, which TFLM ignores");
    need_same_quantization(op, &op->inputs[0]);
}

static void transpose(const operands *op) {
    const mz_tflite_tensor *const source = &op->inputs[0];
    const mz_tflite_tensor *const order = &op->inputs[1];
    uint32_t seen = 0u;
    bool fits = source->rank >= 1u && source->rank <= 5u && source->rank == op->output.rank &&
                order->rank == 1u && order->elements == source->rank;
    for (uint32_t i = 0u; fits && i < source->rank; i++) {
        const uint32_t from = (uint32_t)constant(op, order, i);
        fits = from < source->rank && (seen >> from & 1u) == 0u &&
               op->output.dims[i] == source->dims[from];
        seen |= fits ? 1u << from : 0u;
    }
    refuse(op, !fits, "has an order of dimensions that does not give its output's shape");
    refuse(
        op,
        mz_fb_sound(op->in) && source->rank == 2u &&
            (constant(op, order, 0u) == 0 || source->dims[0] > 65535u || source->dims[1] > 65535u),
        "turns a matrix in a way that CMSIS-NN gets wrong");
    need_same_quantization(op, source);
}

static void gives_floats(const operands *op) {
    refuse(op, true, "gives floats, and the board computes in int8");
}

/* operands: one letter for each. a: int8 with one scale; w: int8 weights; i: int32 constants.
 * Operands after a ? are optional: b: int32 bias; B: the same, or -1 in its place; j: int32 that
 * nobody reads. A + repeats the last letter. options: the type of the BuiltinOptions that TFLM
 * reads. 0: it reads none. Negative: they may be missing. If the options of another operator are
 * missing, TFLM's behaviour is undefined. */
typedef struct {
    uint8_t code;
    int8_t options;
    const char *operands;
    void (*check)(const operands *op);
    const char *name;
} rule;

static const rule rules[] = {
    {0, 11, "aa", add, "ADD"},
    {1, 5, "a", pool, "AVERAGE_POOL_2D"},
    {2, 10, "a+", concatenation, "CONCATENATION"},
    {3, 1, "aw?B", convolution, "CONV_2D"},
    {4, 2, "aw?b", depthwise, "DEPTHWISE_CONV_2D"},
    {6, 0, "a", gives_floats, "DEQUANTIZE"},
    {9, 8, "aw?B", fully_connected, "FULLY_CONNECTED"},
    {11, 12, "a", l2_normalization, "L2_NORMALIZATION"},
    {14, 0, "a", logistic, "LOGISTIC"},
    {17, 5, "a", pool, "MAX_POOL_2D"},
    {18, 21, "aa", multiply, "MUL"},
    {19, 0, "a", rescaled, "RELU"},
    {21, 0, "a", relu6, "RELU6"},
    {22, 0, "a?j", reshape, "RESHAPE"},
    {23, -15, "ai", bilinear, "RESIZE_BILINEAR"},
    {25, 9, "a", softmax, "SOFTMAX"},
    {28, 0, "a", hyperbolic, "TANH"},
    {34, 0, "ai", pad, "PAD"},
    {39, 0, "ai", transpose, "TRANSPOSE"},
    {40, 27, "ai", mean, "MEAN"},
    {41, 28, "aa", add, "SUB"},
    {45, 32, "aiii", strided_slice, "STRIDED_SLICE"},
    {50, 0, "a", log_softmax, "LOG_SOFTMAX"},
    {54, 0, "aa", prelu, "PRELU"},
    {55, 0, "aa", extreme, "MAXIMUM"},
    {57, 0, "aa", extreme, "MINIMUM"},
    {60, 0, "aia", pad, "PADV2"},
    {74, 27, "ai", mean, "SUM"},
    {76, 0, "a", inverse_square_root, "RSQRT"},
    {82, 27, "ai", least_or_greatest, "REDUCE_MAX"},
    {89, 27, "ai", least_or_greatest, "REDUCE_MIN"},
    {97, -74, "ai", nearest, "RESIZE_NEAREST_NEIGHBOR"},
    {98, 75, "a", leaky_relu, "LEAKY_RELU"},
    {99, 0, "aa", squared_difference, "SQUARED_DIFFERENCE"},
    {101, 0, "a", rescaled, "ABS"},
    {111, 0, "a", exponential_linear, "ELU"},
    {114, 0, "a", rescaled, "QUANTIZE"},
    {117, 0, "a", hard_swish, "HARD_SWISH"},
};

static const rule *rule_of(uint32_t code) {
    for (size_t i = 0u; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].code == code) {
            return &rules[i];
        }
    }
    return NULL;
}

const char *mz_tflite_op_name(uint32_t code) {
    const rule *const found = rule_of(code);
    return found != NULL ? found->name : "";
}

/* Old files have the code in a signed byte, new files in a word; the larger value counts. */
uint32_t mz_tflite_op_code(mz_fb_reader *in, const mz_tflite_graph *graph, const mz_fb_table *op) {
    const mz_fb_table code = mz_fb_element(in, graph->codes, mz_fb_get_word(in, op, OP_CODE));
    const int32_t old = (int8_t)mz_fb_get_byte(in, &code, OPCODE_SHORT);
    const int32_t now = (int32_t)mz_fb_get_word(in, &code, OPCODE_LONG);
    return (uint32_t)(old > now ? old : now);
}

/* int8 with one sensible scale and no empty dimension. */
static void need_int8(mz_fb_reader *in, const mz_tflite_tensor *tensor) {
    if (tensor->type != MZ_TFLITE_INT8 || tensor->scales.count != 1u ||
        tensor->zero_points.count != 1u) {
        mz_fb_complain(in, "has an operand that is not int8 with one scale and zero point");
        return;
    }
    const float scale = mz_tflite_float(in, tensor->scales.at);
    const int32_t zero = zero_point(in, tensor, 0u);
    if (!(scale >= MIN_SCALE && scale <= MAX_SCALE) || zero < -128 || zero > 127) {
        mz_fb_complain(in, "has an operand with an impossible scale or zero point");
    }
    if (tensor->elements == 0u) {
        mz_fb_complain(in, "has an empty operand");
    }
}

static void need_kind(mz_fb_reader *in, const mz_tflite_tensor *tensor, char kind) {
    switch (kind) {
    case 'a':
        need_int8(in, tensor);
        break;
    case 'w':
        if (tensor->type != MZ_TFLITE_INT8 || tensor->elements == 0u) {
            mz_fb_complain(in, "has weights that are not int8, or empty");
        }
        break;
    case 'i':
        if (tensor->type != MZ_TFLITE_INT32 || tensor->data == 0u) {
            mz_fb_complain(in, "has an operand that is not constant int32");
        }
        break;
    default:
        if (tensor->type != MZ_TFLITE_INT32) {
            mz_fb_complain(in, "has a bias or shape that is not int32");
        }
        break;
    }
}

/* Reads the inputs and checks their kinds and number. */
static void read_inputs(operands *op, const mz_tflite_graph *graph, mz_fb_vector indices,
                        const char *kinds) {
    char kind = *kinds;
    bool optional = false;
    for (uint32_t i = 0u; i < indices.count && mz_fb_sound(op->in); i++) {
        if (*kinds == '?') {
            optional = true;
            kinds++;
        }
        kind = *kinds == '+' ? kind : *kinds;
        kinds += *kinds == '+' || *kinds == '\0' ? 0 : 1;
        if (kind == '\0' || i >= MAX_OPERANDS) {
            mz_fb_complain(op->in, "has too many inputs");
            return;
        }
        const uint32_t index = mz_fb_u32(op->in, indices.at + 4u * i);
        op->count = i + 1u;
        if (index != MZ_TFLITE_NO_TENSOR) {
            op->inputs[i] = mz_tflite_look(op->in, graph, index);
            need_kind(op->in, &op->inputs[i], kind);
        } else {
            refuse(op, kind != 'B', "has -1 for an input that it must have");
        }
    }
    refuse(op, !optional && *kinds != '\0' && *kinds != '?' && *kinds != '+', "has too few inputs");
}

void mz_tflite_check_op(mz_fb_reader *in, const mz_tflite_graph *graph, const mz_fb_table *table) {
    const uint32_t code = mz_tflite_op_code(in, graph, table);
    const rule *const found = rule_of(code);
    if (code == CUSTOM_OP) {
        mz_fb_complain(in, "is an operator of somebody's own, and the firmware has none");
    }
    if (found == NULL || !mz_fb_sound(in)) {
        return;
    }
    const mz_fb_vector outputs = mz_fb_get_vector(in, table, OP_OUTPUTS, 4u);
    operands op = {.in = in};
    const int32_t kind = found->options < 0 ? -found->options : found->options;
    if (mz_fb_get_byte(in, table, OP_OPTIONS_TYPE) == (uint32_t)kind) {
        op.options = mz_fb_get_table(in, table, OP_OPTIONS);
    }
    refuse(&op, found->options > 0 && op.options.at == 0u, "has no options, or another operator's");
    read_inputs(&op, graph, mz_fb_get_vector(in, table, OP_INPUTS, 4u), found->operands);
    refuse(&op, outputs.count != 1u, "has more than one output");
    op.output = mz_tflite_look(in, graph, mz_fb_u32(in, outputs.at));
    need_int8(in, &op.output);
    if (mz_fb_sound(in)) {
        found->check(&op);
    }
}
