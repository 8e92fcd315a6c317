/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Pins of the EVKB-IMXRT1050. */
#ifndef _PIN_MUX_H_
#define _PIN_MUX_H_

/* The console: TX GPIO_AD_B0_12, RX GPIO_AD_B0_13. */
void BOARD_InitBootPins(void);

#endif
