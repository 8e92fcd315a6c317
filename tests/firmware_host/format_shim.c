/* The formatter as the test calls it: the arguments in the order in which they are declared. */
#include <stdarg.h>

#include "runtime/tflm/mz_tflm_format.h"

int format_text(char *to, size_t bytes, const char *format, ...);

int format_text(char *to, size_t bytes, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int count = mz_tflm_format(to, bytes, format, arguments);
    va_end(arguments);
    return count;
}
