/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What the SDK's examples call the application's hardware set-up. */
#ifndef _APP_H_
#define _APP_H_

/* Memory protection, caches, pins and clocks, by the SDK's board files. */
void BOARD_InitHardware(void);

#endif
