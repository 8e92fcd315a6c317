#include "kernels/mz_pointwise_s8_dsp.h"

#include "kernels/mz_packed_block.h"
#include "kernels/mz_packed_s8.h"

/* Words of a pair's stream beside its weights. */
#define LINEAR_WORDS 5
#define EXACT_WORDS 8

void mz_pointwise_s8_dsp(const mz_pointwise_s8_dsp_params *params, const int8_t *input,
                         int8_t *output, int8_t *scratch) {
    const int32_t depth = params->depth, channels = params->channels, rows = params->rows;
    const int32_t quads = depth / 4;
    const int32_t stream = 2 * quads + (params->exact ? EXACT_WORDS : LINEAR_WORDS);
    /* The first quad is outside; a first pass that is not whole begins within the loop. */
    const int32_t passes =
        quads > 1 ? (quads - 2) / MZ_BLOCK_UNROLL + 1 : 1;

    mz_block_job job = {
        .weights = params->packed,
        .weights_end = params->packed + channels / 2 * stream,
        .stream_end = params->packed + (channels + 1) / 2 * stream,
        .scratch = (int32_t *)(void *)scratch,
        .scratch_end = (int32_t *)(void *)scratch + 8 * quads,
        .skip = passes * MZ_BLOCK_UNROLL - (quads - 1),
        .again = passes > 1,
        .exact = params->exact,
        .input_step = (MZ_BLOCK_PIXELS - 1) * depth,
        .output_step = (MZ_BLOCK_PIXELS - 1) * channels,
    };
    int32_t left = rows;
    const int8_t *from = input;
    int8_t *to = output;
    while (left > 0) {
        /* The last pixels are too few for a block: the first of them stands in for the others. */
        const int32_t count = left < MZ_BLOCK_PIXELS ? left : MZ_BLOCK_PIXELS;
        for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
            const int32_t pixel = i < count ? i : 0;
            job.input[i] = from + pixel * depth;
            job.output[i] = to + pixel * channels;
        }
        job.blocks = left / MZ_BLOCK_PIXELS;
        const int32_t done = job.blocks * MZ_BLOCK_PIXELS;
        if (job.blocks == 0) {
            job.blocks = 1;
        }
        mz_block_run(&job);
        left -= done ? done : left;
        from += done * depth;
        to += done * channels;
    }
    mz_clamp_outputs(output, rows * channels, params->minimum, params->maximum);
}
