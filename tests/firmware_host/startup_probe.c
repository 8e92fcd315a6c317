/* An application that shows what start-up has done, answers, and crashes on demand. */
#include <stddef.h>

#include "app/mz_app.h"
#include "port/cortex_m7/mz_mpu.h"
#include "port/cortex_m7/mz_string.h"
#include "port/mz_port.h"
#include "port/mz_retained.h"

__attribute__((section(".mz_arena"))) static volatile uint8_t arena[4096];
__attribute__((section(".mz_weights"))) static const volatile uint8_t weights[4096] = {[0] = 11,
                                                                                       [4095] = 22};
static volatile uint32_t initialized = 0x12345678;
static volatile uint32_t zeroed[256];
static uint8_t buffer[512];
static volatile uint8_t guarded[1024] __attribute__((aligned(1024)));
MZ_RETAINED static volatile uint32_t faults_to_come;

__attribute__((section(".mz_ramcode"), noinline)) static uint32_t in_itcm(void) {
    uint32_t pc;
    __asm__ volatile("mov %0, pc" : "=r"(pc));
    return pc;
}

static void print(const char *text) {
    uint32_t length = 0;
    while (text[length] != '\0') {
        ++length;
    }
    mz_port_write((const uint8_t *)text, length);
}

static void print_value(const char *name, uint32_t value) {
    char digits[10] = {[8] = '\n'};
    for (uint32_t index = 0; index < 8u; ++index) {
        digits[index] = "0123456789abcdef"[(value >> (28u - 4u * index)) & 15u];
    }
    print(name);
    print("=");
    print(digits);
}

void mz_app_report_fault(const mz_fault *fault) {
    print_value("fault.kind", fault->kind);
    print_value("fault.pc", fault->pc);
    print_value("fault.cfsr", fault->cfsr);
    print_value("fault.hfsr", fault->hfsr);
    print_value("fault.mmfar", fault->mmfar);
    print_value("fault.sp", fault->sp);
    print_value("fault.stack_bottom", fault->stack_bottom);
    print("fault end\n");
}

static uint32_t sum_of_zeroed(void) {
    uint32_t sum = 0;
    for (uint32_t index = 0; index < 256u; ++index) {
        sum += zeroed[index];
    }
    return sum;
}

static double half(volatile double *value) {
    return *value / 2.0;
}

__attribute__((noinline)) static uint32_t overflow(volatile uint8_t *seen, uint32_t deeper) {
    volatile uint8_t local[64] = {0};
    local[0] = seen[0];
    return deeper == 0u ? local[0] : overflow(local, deeper - 1u) + local[1];
}

__attribute__((noinline)) static void crash(uint8_t how) {
    switch (how) {
    case 'w': /* write to flash */
        *(volatile uint32_t *)(uintptr_t)&weights[4] = 1;
        break;
    case 'n': /* write to where nothing is */
        *(volatile uint32_t *)0x10000000u = 1;
        break;
    case 'x': /* execute data */
        ((void (*)(void))((uintptr_t)buffer | 1u))();
        break;
    case 'u': /* undefined instruction */
        __asm__ volatile("udf #1");
        break;
    case 'h': /* the same where only HardFault can be taken */
        __asm__ volatile("cpsid i\n\tudf #1");
        break;
    case 'g': /* write to what has been guarded */
        if (mz_mpu_guard((uint32_t)(uintptr_t)guarded, 10u)) {
            print_value("guarded", (uint32_t)(uintptr_t)guarded);
            guarded[sizeof guarded - 1u] = 1;
        }
        break;
    case 's': /* a stack that is too small */
        overflow(buffer, UINT32_MAX);
        break;
    default:
        break;
    }
}

/* Print the word at the address that is sent next, lowest byte first. */
static void peek(void) {
    uint32_t address = 0;
    print("address?\n");
    for (uint32_t shift = 0; shift < 32u; shift += 8u) {
        uint8_t byte;
        while (mz_port_read(&byte, 1u) == 0u) {
        }
        address |= (uint32_t)byte << shift;
    }
    print_value("peek", *(volatile uint32_t *)(uintptr_t)address);
}

int main(void) {
    print("written before the console is ready, which must harm nothing\n");
    if (faults_to_come - 1u < 9u) {
        faults_to_come = faults_to_come - 1u;
        crash('n');
    }
    mz_port_init();
    volatile double three = 3.0;
    print("hello\n");
    print_value("initialized", initialized);
    print_value("zeroed", sum_of_zeroed());
    print_value("weights", (uint32_t)(weights[0] << 8 | weights[4095]));
    print_value("weights.at", (uint32_t)(uintptr_t)weights);
    print_value("arena.at", (uint32_t)(uintptr_t)arena);
    print_value("itcm", in_itcm());
    print_value("fpu", (uint32_t)(half(&three) * 100.0));
    print_value("boot_failure", mz_port_boot_failure());
    print_value("cpuid", mz_port_cpuid());
    const uint32_t before = mz_port_cycles();
    arena[0] = (uint8_t)before;
    print_value("cycles", mz_port_cycles() - before);
    print_value("overruns", mz_port_overruns());
    const mz_early_faults early = mz_port_early_faults();
    print_value("early.starts", early.starts);
    print_value("early.kind", early.kind);
    print_value("early.pc", early.pc);
    print("ready\n");
    for (;;) {
        const uint32_t received = mz_port_read(buffer, sizeof buffer);
        if (received >= 2u && buffer[0] == '!') {
            if (buffer[1] == 'r') {
                mz_port_reset();
            }
            if (buffer[1] >= '1' &&
                buffer[1] <= '9') { /* so many faults before the console is up */
                faults_to_come = (uint32_t)(buffer[1] - '0');
                mz_port_reset();
            }
            if (buffer[1] == 'p') {
                peek();
                continue;
            }
            crash(buffer[1]);
        }
        mz_port_write(buffer, received);
    }
}
