/* Runs the firmware's own runtime on a machine that is not its board: QEMU's mps2-an500, which has
 * RAM wherever an RT1050 has flash, ITCM, DTCM and OCRAM, but none of its peripherals.
 *
 * It does what start-up does, without chip and MPU: copies the sections that do not stay where they are
 * flashed (memory is zero at first), and calls functions of the flashed image by their addresses
 * (stub_addresses.h has both): one inference, then a profile, then one without any hook, whose blocks
 * are counted. The input comes by the debugger's way, as a file in memory; the CRCs of the outputs leave
 * by semihosting. */
#include <stdbool.h>
#include <stdint.h>

#include "stub_addresses.h"

#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define DEMCR (*(volatile uint32_t *)0xE000EDFCu)
#define SYS_WRITE0 4u
#define SYS_EXIT 0x18u
#define APPLICATION_EXIT 0x20026u

#define CALL(type, address) ((type)(uintptr_t)((address) | 1u))

typedef struct {
    uint32_t input_crc32;
    uint32_t input_bytes;
    uint8_t input[];
} job;

static uint32_t semihost(uint32_t operation, uintptr_t argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void tell(uint32_t value) {
    char text[10];
    for (uint32_t digit = 0u; digit < 8u; digit++) {
        text[digit] = "0123456789abcdef"[value >> (28u - 4u * digit) & 15u];
    }
    text[8] = '\n';
    text[9] = '\0';
    (void)semihost(SYS_WRITE0, (uintptr_t)text);
}

/* Bytewise on purpose: a compiler must not make calls of library functions of it. */
static void copy(uintptr_t to, uintptr_t from, uint32_t bytes) {
    for (; bytes != 0u; bytes--) {
        *(volatile uint8_t *)to++ = *(const volatile uint8_t *)from++;
    }
}

static const struct {
    uint32_t to, from, bytes;
} copied[] = {COPIED};

__attribute__((noinline, used)) void stub_begin(void) {
    __asm__ volatile("nop");
}

__attribute__((noinline, used)) void stub_end(void) {
    __asm__ volatile("nop; nop");
}

static uint32_t output_crc32(void) {
    const void *const output = CALL(const void *(*)(void), MZ_RUNTIME_OUTPUT)();
    return CALL(uint32_t (*)(const void *, uint32_t), MZ_CRC32)(output, OUTPUT_BYTES);
}

static void load(const job *given) {
    const uintptr_t input = (uintptr_t)CALL(void *(*)(void), MZ_RUNTIME_INPUT)();
    copy(input, (uintptr_t)given->input, given->input_bytes);
}

__attribute__((noreturn, section(".entry"), used)) void stub_entry(void) {
    const job *const given = (const job *)(uintptr_t)JOB;
    CPACR |= 0x00F00000u; /* the FPU */
    DEMCR |= 0x01000000u;
    __asm__ volatile("dsb; isb");
    for (uint32_t i = 0u; i < sizeof copied / sizeof *copied; i++) {
        copy(copied[i].to, copied[i].from, copied[i].bytes);
    }
    if (CALL(int (*)(void), MZ_RUNTIME_INIT)() == 0) {
        load(given);
        if (CALL(bool (*)(uint32_t), MZ_IMAGE_RUN)(given->input_crc32)) {
            tell(output_crc32());
            load(given);
            if (CALL(bool (*)(uint32_t, uint16_t), MZ_IMAGE_PROFILE)(given->input_crc32, 0u)) {
                tell(output_crc32());
                load(given);
                stub_begin();
                (void)CALL(int (*)(const void *, void *), MZ_RUNTIME_INVOKE)((void *)0, (void *)0);
                stub_end();
            }
        }
    }
    for (;;) {
        (void)semihost(SYS_EXIT, APPLICATION_EXIT);
    }
}
