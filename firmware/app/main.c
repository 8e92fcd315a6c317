/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "app/mz_app.h"
#include "port/mz_port.h"

int main(void) {
    mz_port_init();
    mz_app_init();
    for (;;) {
        mz_app_poll();
    }
}
