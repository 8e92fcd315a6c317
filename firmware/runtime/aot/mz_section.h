/* Putting objects into the linker script's sections. Mach-O hosts have no such names, and
 * AddressSanitizer does not watch over objects in named sections: there it is defined as nothing. */
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
