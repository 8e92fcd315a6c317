/* Memory that start-up leaves alone: neither copied nor zeroed. */
#include "port/mz_port.h"

static uint32_t retained[MZ_PORT_RETAINED_BYTES / sizeof(uint32_t)]
    __attribute__((section(".noinit")));

void *mz_port_retained(void) {
    return retained;
}
