#include "kernels/mz_max_pool_2d_s8.h"

#include "kernels/mz_fixedpoint.h"

void mz_max_pool_2d_s8(const mz_max_pool_2d_params *params, const int8_t *restrict input,
                       int8_t *restrict output) {
    const mz_window window = params->window;
    const mz_extent image = params->input;
    const int32_t channels = image.channels;

    for (int32_t y = 0; y < params->output.height; y++) {
        const int32_t top = y * window.stride_h - window.pad_top;
        const mz_taps inside_y = mz_taps_inside(top, window.height, 1, image.height);
        for (int32_t x = 0; x < params->output.width; x++) {
            const int32_t left = x * window.stride_w - window.pad_left;
            const mz_taps inside_x = mz_taps_inside(left, window.width, 1, image.width);
            const int32_t rows = inside_y.end - inside_y.first;
            const int32_t columns = inside_x.end - inside_x.first;
            const int8_t *const corner =
                input + ((top + inside_y.first) * image.width + left + inside_x.first) * channels;
            for (int32_t c = 0; c < channels; c++) {
                int32_t maximum = INT8_MIN;
                for (int32_t row = 0; row < rows; row++) {
                    const int8_t *value = corner + row * image.width * channels + c;
                    for (int32_t column = 0; column < columns; column++, value += channels) {
                        maximum = *value > maximum ? *value : maximum;
                    }
                }
                *output++ = (int8_t)mz_clamp(maximum, params->minimum, params->maximum);
            }
        }
    }
}
