/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The application's hardware set-up, under the name that the SDK's examples use. */
#ifndef _APP_H_
#define _APP_H_

/* Sets up memory protection, caches, pins and clocks with the SDK's board files. */
void BOARD_InitHardware(void);

#endif
