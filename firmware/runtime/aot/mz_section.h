/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Putting objects into the linker script's sections. Mach-O hosts have no such names; a build with
 * AddressSanitizer, which does not watch over named sections, may define MZ_SECTION as nothing. */
#ifndef MZ_SECTION_H
#define MZ_SECTION_H

#ifndef MZ_SECTION
#if defined(__APPLE__)
#define MZ_SECTION(name)
#else
#define MZ_SECTION(name) __attribute__((section(name)))
#endif
#endif

#endif
