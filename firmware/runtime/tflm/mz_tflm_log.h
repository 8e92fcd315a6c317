/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* TFLM's messages, kept for the error that the link sends. */
#ifndef MZ_TFLM_LOG_H
#define MZ_TFLM_LOG_H

/* Forget all messages. */
void mz_tflm_log_clear(void);

/* All messages since the last clear on one line, cut if they are too long; "" if there are none.
 * Valid until the next message. */
const char *mz_tflm_log_text(void);

/* Add a message, as TFLM itself does. */
void mz_tflm_log_add(const char *format, ...);

#endif
