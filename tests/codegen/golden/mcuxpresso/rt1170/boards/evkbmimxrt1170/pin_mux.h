/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Pins of the MIMXRT1170-EVKB. */
#ifndef _PIN_MUX_H_
#define _PIN_MUX_H_

/* The console: TX GPIO_AD_24, RX GPIO_AD_25. */
void BOARD_InitBootPins(void);

#endif
