/* The kernels' inline arithmetic as functions that a test can call. */
#include "kernels/mz_fixedpoint.h"

int32_t shim_multiply_by_quantized(int32_t x, int32_t multiplier, int32_t shift);
int32_t shim_divide_by_power_of_two(int32_t x, int32_t exponent);

int32_t shim_multiply_by_quantized(int32_t x, int32_t multiplier, int32_t shift) {
    return mz_multiply_by_quantized(x, multiplier, shift);
}

int32_t shim_divide_by_power_of_two(int32_t x, int32_t exponent) {
    return mz_divide_by_power_of_two(x, exponent);
}

int32_t shim_multiply_by_quantized_wide(int32_t x, int32_t multiplier, int32_t shift);
int32_t shim_multiply_by_quantized_wide(int32_t x, int32_t multiplier, int32_t shift) {
    return mz_multiply_by_quantized_wide(x, multiplier, shift);
}
