/* Putting objects into the linker script's sections. Mach-O hosts have no such names. */
#ifndef MZ_SECTION_H
#define MZ_SECTION_H

#if defined(__APPLE__)
#define MZ_SECTION(name)
#else
#define MZ_SECTION(name) __attribute__((section(name)))
#endif

#endif
