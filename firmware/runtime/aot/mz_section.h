/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Puts an object into a section of the linker script. Mach-O hosts have no such section names. A
 * build with AddressSanitizer, which does not check named sections, may define MZ_SECTION as
 * nothing. */
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
