/* The runtime interface over ahead-of-time generated C. */
#include "mz_model.h"
#include "runtime/mz_runtime.h"

mz_status mz_runtime_init(void) {
    return MZ_OK;
}

const mz_model_info *mz_runtime_info(void) {
    return &mz_model;
}

int8_t *mz_runtime_input(void) {
    return mz_arena + MZ_INPUT_OFFSET;
}

const int8_t *mz_runtime_output(void) {
    return mz_arena + MZ_OUTPUT_OFFSET;
}

mz_status mz_runtime_invoke(mz_op_hook hook, void *context) {
    mz_model_invoke(hook, context);
    return MZ_OK;
}

const char *mz_runtime_error(void) {
    return "";
}
