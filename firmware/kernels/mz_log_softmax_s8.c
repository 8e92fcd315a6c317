/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_log_softmax_s8.h"

#include "kernels/mz_reciprocal.h"

/* The sum of exponentials is kept in Q12.19, its logarithm in Q5.26, on the way there in Q6.25. */
#define SUM_INTEGER_BITS 12
#define POWER_SHIFT 25
/* From Q5.26 to outputs in 1/16. */
#define OUTPUT_SHIFT (26 - 4)
/* In Q0.31: ln 2, the square root of 1/2, its square root, and the coefficients of the rational
 * function that stands for the logarithm about the latter. */
#define LN_2 1488522236
#define SQRT_HALF 1518500250
#define SQRT_SQRT_HALF 1805811301
#define ALPHA_N 117049297
#define ALPHA_D 127690142
#define ALPHA_I 1057819769
#define ALPHA_F 638450708

static int32_t times(int32_t a, int32_t b) {
    return mz_doubling_high_multiply(a, b);
}

/* x > 0, times a power of two. */
static int32_t shifted(int32_t x, int32_t exponent) {
    return x > INT32_MAX >> exponent ? INT32_MAX : x << exponent;
}

/* ln x in Q5.26 for x >= 1 in Q12.19. x is brought into the octave about 2^(-1/4), from above or,
 * times 2^(-1/2), from below, whichever leaves less. */
static int32_t logarithm(int32_t x) {
    const int32_t quarter = (int32_t)1 << (POWER_SHIFT - 2);
    const int32_t above = mz_leading_zeros((uint32_t)x) - 1;
    const int32_t below = mz_leading_zeros((uint32_t)times(x, SQRT_HALF)) - 1;
    const int32_t first = shifted(times(x << above, SQRT_HALF), 1);
    const int32_t second = shifted(x, below);
    const int32_t first_power = (SUM_INTEGER_BITS - 1 - above) * (1 << POWER_SHIFT) + quarter;
    const int32_t second_power = (SUM_INTEGER_BITS - below) * (1 << POWER_SHIFT) - quarter;
    const int32_t rest = first < second ? first : second;
    const int32_t power = first_power > second_power ? first_power : second_power;
    const int32_t mean = (int32_t)(((uint32_t)rest + SQRT_SQRT_HALF + 1u) >> 1);
    const int32_t q = (rest - SQRT_SQRT_HALF) * 2;
    const int32_t square = times(q, q);
    const int32_t numerator = times(q, rest) + times(times(q, square), ALPHA_N);
    const int32_t denominator =
        times(mean, ALPHA_I + q + times(ALPHA_D, square)) + times(ALPHA_F, q);
    const int32_t half = (int32_t)(((uint32_t)denominator + 0x80000000u) >> 1);
    const int32_t quotient =
        times(mz_divide_by_power_of_two(numerator, 6), mz_half_reciprocal(half));
    return (times(power, LN_2) + quotient) * 2;
}

static void log_softmax_row(const mz_log_softmax_params *params, const int8_t *input,
                            int8_t *output) {
    int32_t maximum = INT8_MIN;
    for (int32_t i = 0; i < params->depth; i++) {
        maximum = input[i] > maximum ? input[i] : maximum;
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < params->depth; i++) {
        /* Exponentials are not negative, so halves go up. */
        const uint32_t exponential = (uint32_t)params->exponentials[maximum - input[i]];
        sum += (int32_t)((exponential + (1u << (SUM_INTEGER_BITS - 1))) >> SUM_INTEGER_BITS);
    }
    const int32_t log_sum = logarithm(sum);
    /* Smaller differences would leave Q5.26. */
    const int32_t reversed = times(log_sum + INT32_MIN, params->reverse_multiplier);
    int32_t least = mz_divide_by_power_of_two(reversed, -params->reverse_shift);
    least = least > params->difference_min - 1 ? least : params->difference_min - 1;
    for (int32_t i = 0; i < params->depth; i++) {
        const int32_t difference = input[i] - maximum;
        if (difference <= least) {
            output[i] = INT8_MIN;
            continue;
        }
        const int32_t wide = (int32_t)((uint32_t)difference << params->shift);
        const int32_t step = times(wide, params->multiplier) - log_sum;
        const int32_t rounded = mz_divide_by_power_of_two(step, OUTPUT_SHIFT);
        output[i] = (int8_t)mz_clamp(rounded + INT8_MAX, INT8_MIN, INT8_MAX);
    }
}

void mz_log_softmax_s8(const mz_log_softmax_params *params, const int8_t *input, int8_t *output) {
    for (int32_t row = 0; row < params->rows; row++) {
        log_softmax_row(params, input, output);
        input += params->depth;
        output += params->depth;
    }
}
