/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Cortex-M7 system registers, and core functions for the ports of the chips.
 * Addresses and bits: Armv7-M Architecture Reference Manual (DDI 0403), B3.2; Cortex-M7 Technical
 * Reference Manual (DDI 0489), chapter 3. */
#ifndef MZ_CORE_H
#define MZ_CORE_H

#include <stdint.h>

#define MZ_REG(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define MZ_REG8(address) (*(volatile uint8_t *)(uintptr_t)(address))
#define MZ_REG16(address) (*(volatile uint16_t *)(uintptr_t)(address))

#define MZ_SYST_CSR MZ_REG(0xE000E010u)
#define MZ_SYST_RVR MZ_REG(0xE000E014u)
#define MZ_SYST_CVR MZ_REG(0xE000E018u)
#define MZ_NVIC_ISER(index) MZ_REG(0xE000E100u + 4u * (index))
#define MZ_NVIC_ICER(index) MZ_REG(0xE000E180u + 4u * (index))
#define MZ_NVIC_IPR(irq) MZ_REG8(0xE000E400u + (irq))
#define MZ_SCB_CPUID MZ_REG(0xE000ED00u)
#define MZ_SCB_ICSR MZ_REG(0xE000ED04u)
#define MZ_SCB_AIRCR MZ_REG(0xE000ED0Cu)
#define MZ_SCB_CCR MZ_REG(0xE000ED14u)
#define MZ_SCB_SHCSR MZ_REG(0xE000ED24u)
#define MZ_SCB_CFSR MZ_REG(0xE000ED28u)
#define MZ_SCB_HFSR MZ_REG(0xE000ED2Cu)
#define MZ_SCB_MMFAR MZ_REG(0xE000ED34u)
#define MZ_SCB_BFAR MZ_REG(0xE000ED38u)
#define MZ_SCB_CCSIDR MZ_REG(0xE000ED80u)
#define MZ_SCB_CSSELR MZ_REG(0xE000ED84u)
#define MZ_MPU_TYPE MZ_REG(0xE000ED90u)
#define MZ_MPU_CTRL MZ_REG(0xE000ED94u)
#define MZ_MPU_RNR MZ_REG(0xE000ED98u)
#define MZ_MPU_RBAR MZ_REG(0xE000ED9Cu)
#define MZ_MPU_RASR MZ_REG(0xE000EDA0u)
#define MZ_SCB_DHCSR MZ_REG(0xE000EDF0u)
#define MZ_SCB_DEMCR MZ_REG(0xE000EDFCu)
#define MZ_SCB_ICIALLU MZ_REG(0xE000EF50u)
#define MZ_SCB_DCISW MZ_REG(0xE000EF60u)
#define MZ_SCB_DCCISW MZ_REG(0xE000EF74u)
#define MZ_DWT_CTRL MZ_REG(0xE0001000u)
#define MZ_DWT_CYCCNT MZ_REG(0xE0001004u)
#define MZ_DWT_LAR MZ_REG(0xE0001FB0u)

#define MZ_SYST_CSR_ENABLE 0x00000001u
#define MZ_SYST_CSR_CORE_CLOCK 0x00000004u
#define MZ_SYST_CSR_COUNTFLAG 0x00010000u
#define MZ_ICSR_PENDSTCLR 0x02000000u
#define MZ_ICSR_PENDSVCLR 0x08000000u
#define MZ_AIRCR_SYSRESETREQ 0x05FA0004u
#define MZ_NVIC_WORDS 8u /* 32 interrupts each */
#define MZ_CCR_DIV_0_TRP 0x00000010u
#define MZ_CCR_DC 0x00010000u
#define MZ_CCR_IC 0x00020000u
#define MZ_SHCSR_FAULTS_ENABLED 0x00070000u /* MemManage, BusFault, UsageFault */
#define MZ_CFSR_STACKING 0x00001010u /* the frame could not be pushed */
#define MZ_DHCSR_C_DEBUGEN 0x00000001u
#define MZ_DEMCR_TRCENA 0x01000000u
#define MZ_DWT_CTRL_CYCCNTENA 0x00000001u
#define MZ_DWT_CTRL_NOCYCCNT 0x02000000u

/* After it, all earlier stores have taken effect, and later instructions are fetched again. */
static inline void mz_core_sync(void) {
    __asm__ volatile("dsb 0xF\n\tisb 0xF" ::: "memory");
}

/* Ask for a system reset and wait for it. Does not return. */
void mz_core_reset(void) __attribute__((noreturn));

/* Wait at least us microseconds, at any core clock up to core_clock_hz. */
void mz_core_delay_us(uint32_t us, uint32_t core_clock_hz);

/* Start the cycle counter that mz_port_cycles reads. */
void mz_core_start_cycles(void);

#endif
