/* Memory that start-up leaves alone: neither copied nor zeroed. */
#include "port/mz_port.h"

static uint32_t retained[MZ_PORT_RETAINED_BYTES / sizeof(uint32_t)]
    __attribute__((section(".mz_retained")));

void *mz_port_retained(void) {
    return retained;
}
