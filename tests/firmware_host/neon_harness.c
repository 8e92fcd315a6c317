/* Portable kernels with NEON and without, on random layers: the exit status is 0 if all outputs are
 * equal, else the number of the part that differs. The plain kernels are the same files, compiled
 * with other names. */
#include <stdint.h>
#include <string.h>

#include "kernels/mz_conv_2d_s8.h"
#include "kernels/mz_depthwise_conv_2d_s8.h"
#include "kernels/mz_fully_connected_s8.h"
#include "kernels/mz_requantize_block.h"

void plain_requantize_block(const mz_requantization *to, const int32_t *restrict sums,
                            int32_t channel, int32_t count, int8_t *restrict output);
void plain_conv_2d_s8(const mz_conv_2d_params *params, const int8_t *restrict input,
                      int8_t *restrict output);
void plain_depthwise_conv_2d_s8(const mz_depthwise_conv_2d_params *params,
                                const int8_t *restrict input, int8_t *restrict output);
void plain_fully_connected_s8(const mz_fully_connected_params *params, const int8_t *restrict input,
                              int8_t *restrict output);

#define CHANNELS 64
#define BYTES 16384

static int8_t input[BYTES], weights[BYTES], ours[BYTES], plain[BYTES], shifts[CHANNELS];
static int32_t bias[CHANNELS], multipliers[CHANNELS], sums[MZ_BLOCK_CHANNELS];
static uint64_t state = 88172645463325252u;

static uint32_t draw(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static int32_t within(int32_t low, int32_t high) {
    return low + (int32_t)(draw() % (uint32_t)(high - low + 1));
}

static mz_requantization fill(int32_t highest_shift, int32_t wide) {
    for (int32_t i = 0; i < BYTES; i++) {
        input[i] = (int8_t)draw();
        weights[i] = (int8_t)draw();
    }
    const int32_t low = within(-128, 0);
    for (int32_t i = 0; i < CHANNELS; i++) {
        bias[i] = within(-100000, 100000);
        multipliers[i] =
            (int32_t)(0x40000000u | draw() >> 2) | (within(0, 9) == 0 ? 0x3fffffff : 0);
        shifts[i] = (int8_t)within(-12, highest_shift);
    }
    return (mz_requantization){multipliers,       shifts, highest_shift < 0, wide,
                               within(-128, 127), low,    within(low, 127)};
}

static int differ(void) {
    return memcmp(ours, plain, sizeof(ours)) != 0;
}

/* All of a layer's sums, halves and extremes among them. */
static int requantize(void) {
    const int32_t wide = within(0, 1), largest = wide ? INT32_MAX : (1 << 30) - 1;
    mz_requantization to = fill(within(0, 1) ? -1 : 0, wide);
    if (within(0, 3) == 0) { /* small sums, shifted to the left */
        to = fill(9, wide);
    }
    for (int32_t i = 0; i < MZ_BLOCK_CHANNELS; i++) {
        const int32_t magnitude = to.right_only || within(0, 1) ? largest >> within(0, 30) : 255;
        sums[i] = within(0, 1) ? within(0, magnitude >> 1) - (magnitude >> 2) : -magnitude;
        if (shifts[i] > 0) {
            sums[i] = within(-200000, 200000);
        }
    }
    const int32_t count = within(1, MZ_BLOCK_CHANNELS);
    mz_requantize_block(&to, sums, 0, count, ours);
    plain_requantize_block(&to, sums, 0, count, plain);
    return differ();
}

static mz_window window_of(int32_t largest) {
    return (mz_window){within(1, largest), within(1, largest), within(1, 2), within(1, 2),
                       within(1, 2),       within(1, 2),       within(0, 2), within(0, 2)};
}

static int convolve(void) {
    const mz_requantization to = fill(-1, 0);
    const mz_conv_2d_params params = {
        .input = {within(1, 7), within(1, 7), within(1, 40)},
        .output = {within(1, 5), within(1, 5), within(1, 40)},
        .window = window_of(3),
        .input_zero_point = within(-128, 127),
        .weights = weights,
        .bias = bias,
        .to = to,
    };
    mz_conv_2d_s8(&params, input, ours);
    plain_conv_2d_s8(&params, input, plain);
    return differ();
}

static int convolve_depthwise(void) {
    const mz_requantization to = fill(-1, 0);
    const int32_t multiplier = within(0, 3) == 0 ? 2 : 1, channels = within(1, 30);
    const mz_depthwise_conv_2d_params params = {
        .input = {within(1, 7), within(1, 7), channels},
        .output = {within(1, 5), within(1, 5), channels * multiplier},
        .window = window_of(4),
        .depth_multiplier = multiplier,
        .input_zero_point = within(-128, 127),
        .weights = weights,
        .bias = bias,
        .to = to,
    };
    mz_depthwise_conv_2d_s8(&params, input, ours);
    plain_depthwise_conv_2d_s8(&params, input, plain);
    return differ();
}

static int connect(void) {
    const mz_requantization to = fill(-1, 0);
    const mz_fully_connected_params params = {
        within(1, 3), within(1, 200), within(1, CHANNELS), weights, bias, to,
    };
    mz_fully_connected_s8(&params, input, ours);
    plain_fully_connected_s8(&params, input, plain);
    return differ();
}

int main(void) {
    for (int round = 0; round < 60; round++) {
        if (requantize()) {
            return 1;
        }
        if (convolve()) {
            return 2;
        }
        if (convolve_depthwise()) {
            return 3;
        }
        if (connect()) {
            return 4;
        }
    }
    return 0;
}
