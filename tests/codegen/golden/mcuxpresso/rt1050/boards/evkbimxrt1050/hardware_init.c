/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Hardware of the EVKB-IMXRT1050: clocks and memory protection come from the SDK. */
#include <board.h>
#include <clock_config.h>

#include "app.h"
#include "pin_mux.h"

void BOARD_InitHardware(void) {
    BOARD_ConfigMPU(); /* switches the caches on, too */
    BOARD_InitBootPins();
    BOARD_InitBootClocks();
}
