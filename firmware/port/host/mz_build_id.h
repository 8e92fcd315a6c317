/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The build id of host firmware, unless the command line gives one. */
#ifndef MZ_BUILD_ID
#define MZ_BUILD_ID "00000000000000000000000000000000"
#endif
