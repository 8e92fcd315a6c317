"""A folder in the layout of NXP's MCUXpresso SDK: the least that an exported application, its CMake
files and its port ask of one. Its drivers do nothing; what is built with it links and does not run.
"""

from __future__ import annotations

from pathlib import Path

from mcuzoo.board.load import load_board

MCUX_CMAKE = """\
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_COMPILER $ENV{ARMGCC_DIR}/bin/arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER $ENV{ARMGCC_DIR}/bin/arm-none-eabi-g++)
set(CMAKE_ASM_COMPILER ${CMAKE_C_COMPILER})
foreach(language C CXX ASM)
    set(CMAKE_${language}_COMPILER_FORCED TRUE)
    set(CMAKE_${language}_FLAGS "-mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard")
    string(APPEND CMAKE_${language}_FLAGS " -fno-builtin -O0 -ffunction-sections -fdata-sections")
endforeach()
set(CMAKE_EXE_LINKER_FLAGS "--specs=nosys.specs -nostartfiles -Wl,--gc-sections")
string(APPEND CMAKE_EXE_LINKER_FLAGS " -Wl,--fatal-warnings -Wl,--no-warn-rwx-segments")
macro(project name)
    _project(${name} LANGUAGES C CXX ASM)
    set(CMAKE_EXECUTABLE_SUFFIX .elf)
    set(APPLICATION_BINARY_DIR ${CMAKE_CURRENT_BINARY_DIR})
    set(MCUX_SDK_PROJECT_NAME ${PROJECT_NAME})
    add_executable(${MCUX_SDK_PROJECT_NAME})
endmacro()
macro(mcux_add_armgcc_configuration)
    cmake_parse_arguments(_ "" "LD;CC;CX" "" ${ARGN})
    string(APPEND CMAKE_EXE_LINKER_FLAGS " ${__LD}")
endmacro()
macro(mcux_add_linker_symbol)
    cmake_parse_arguments(_ "" "" "SYMBOLS" ${ARGN})
    string(APPEND CMAKE_EXE_LINKER_FLAGS " -Wl,--defsym=${__SYMBOLS}")
endmacro()
function(mcux_add_source)
    cmake_parse_arguments(_ "" "BASE_PATH" "SOURCES" ${ARGN})
    target_sources(${MCUX_SDK_PROJECT_NAME} PRIVATE ${__SOURCES})
endfunction()
function(mcux_add_include)
    cmake_parse_arguments(_ "" "BASE_PATH" "INCLUDES" ${ARGN})
    target_include_directories(${MCUX_SDK_PROJECT_NAME} PRIVATE ${__INCLUDES})
endfunction()
function(mcux_convert_binary)
endfunction()
"""

CMAKELISTS = """\
string(APPEND CMAKE_EXE_LINKER_FLAGS " -T ${SdkRootDirPath}/flexspi_nor.ld")
target_sources(${MCUX_SDK_PROJECT_NAME} PRIVATE ${SdkRootDirPath}/fake.c)
target_include_directories(${MCUX_SDK_PROJECT_NAME} PRIVATE ${SdkRootDirPath}/include)
"""

# The sections and symbols of the SDK's scripts that an application may count on.
LINKER_SCRIPT = """\
ENTRY(Reset_Handler)
STACK_SIZE = DEFINED(__stack_size__) ? __stack_size__ : 0x0400;
MEMORY
{
    m_interrupts (RX) : ORIGIN = FLASH + 0x2000, LENGTH = 0x400
    m_text (RX) : ORIGIN = FLASH + 0x2400, LENGTH = 0x3FDC00
    m_qacode (RX) : ORIGIN = 0x00000000, LENGTH = 0x20000
    m_data (RW) : ORIGIN = 0x20000000, LENGTH = 0x20000
    m_data2 (RW) : ORIGIN = OCRAM, LENGTH = 0x40000
}
SECTIONS
{
    .interrupts : { KEEP(*(.isr_vector)) } > m_interrupts
    .text : { *(.text*) *(.rodata*) . = ALIGN(4); } > m_text
    .ARM : { *(.ARM.exidx*) } > m_text
    __DATA_ROM = .;
    .data : AT(__DATA_ROM)
    {
        . = ALIGN(4);
        __data_start__ = .;
        *(.data*)
        *(DataQuickAccess)
        . = ALIGN(4);
        __data_end__ = .;
    } > m_data
    __ram_function_flash_start = __DATA_ROM + (__data_end__ - __data_start__);
    .ram_function : AT(__ram_function_flash_start)
    {
        . = ALIGN(32);
        __ram_function_start__ = .;
        *(CodeQuickAccess)
        . = ALIGN(128);
        __ram_function_end__ = .;
    } > m_qacode
    __DATA_END = __ram_function_flash_start + (__ram_function_end__ - __ram_function_start__);
    .bss : { *(.bss*) *(COMMON) } > m_data
    .heap : { . = ALIGN(8); . += 0x400; } > m_data
    .stack : { . = ALIGN(8); . += STACK_SIZE; } > m_data
    __StackTop = ORIGIN(m_data) + LENGTH(m_data);
    __StackLimit = __StackTop - STACK_SIZE;
    /DISCARD/ : { *(.ARM.attributes) }
}
"""

FAKE_C = """\
#include <fsl_lpuart.h>
#include <board.h>
#include <clock_config.h>
#include <fsl_clock.h>
#include <fsl_iomuxc.h>
int main(void);
void Reset_Handler(void) { (void)main(); }
__attribute__((section(".isr_vector"), used)) void (*const vectors[2])(void) = {0, Reset_Handler};
void LPUART_GetDefaultConfig(lpuart_config_t *config) { *config = (lpuart_config_t){0}; }
status_t LPUART_Init(LPUART_Type *base, const lpuart_config_t *config, uint32_t clock_hz) {
    return base == 0 || config == 0 || clock_hz == 0u;
}
uint32_t LPUART_GetStatusFlags(LPUART_Type *base) { return base->STAT; }
status_t LPUART_ClearStatusFlags(LPUART_Type *base, uint32_t mask) { base->STAT = mask; return 0; }
status_t LPUART_SetBaudRate(LPUART_Type *base, uint32_t baud, uint32_t clock_hz) {
    return base == 0 || baud == 0u || clock_hz == 0u;
}
void LPUART_EnableInterrupts(LPUART_Type *base, uint32_t mask) { base->CTRL |= mask; }
void LPUART_DisableInterrupts(LPUART_Type *base, uint32_t mask) { base->CTRL &= ~mask; }
void NVIC_SystemReset(void) { for (;;) { } }
uint32_t BOARD_DebugConsoleSrcFreq(void) { return 24000000u; }
void BOARD_ConfigMPU(void) { }
void BOARD_InitBootClocks(void) { }
void CLOCK_EnableClock(clock_ip_name_t name) { (void)name; }
void IOMUXC_SetPinMux(uint32_t pad, uint32_t input) { (void)pad; (void)input; }
void IOMUXC_SetPinConfig(uint32_t pad, uint32_t value) { (void)pad; (void)value; }
"""

HEADERS = {
    "fsl_common.h": """\
#pragma once
#include <stdbool.h>
#include <stdint.h>
typedef int32_t status_t;
enum { kStatus_Success = 0 };
void NVIC_SystemReset(void) __attribute__((noreturn));
""",
    "fsl_lpuart.h": """\
#pragma once
#include <fsl_common.h>
typedef struct { volatile uint32_t STAT, DATA, WATER, CTRL; } LPUART_Type;
typedef struct { uint32_t baudRate_Bps; bool enableTx, enableRx; } lpuart_config_t;
enum {
    kLPUART_TxDataRegEmptyFlag = 1 << 23,
    kLPUART_TransmissionCompleteFlag = 1 << 22,
    kLPUART_RxOverrunFlag = 1 << 19,
    kLPUART_RxDataRegFullInterruptEnable = 1 << 21,
};
#define FSL_FEATURE_LPUART_FIFO_SIZEn(x) (4)
void LPUART_GetDefaultConfig(lpuart_config_t *config);
status_t LPUART_Init(LPUART_Type *base, const lpuart_config_t *config, uint32_t clock_hz);
uint32_t LPUART_GetStatusFlags(LPUART_Type *base);
status_t LPUART_ClearStatusFlags(LPUART_Type *base, uint32_t mask);
status_t LPUART_SetBaudRate(LPUART_Type *base, uint32_t baud, uint32_t clock_hz);
void LPUART_EnableInterrupts(LPUART_Type *base, uint32_t mask);
void LPUART_DisableInterrupts(LPUART_Type *base, uint32_t mask);
static inline void LPUART_WriteByte(LPUART_Type *base, uint8_t data) { base->DATA = data; }
static inline uint8_t LPUART_ReadByte(LPUART_Type *base) { return (uint8_t)base->DATA; }
static inline uint8_t LPUART_GetRxFifoCount(LPUART_Type *base) { return (uint8_t)base->WATER; }
""",
    "fsl_clock.h": """\
#pragma once
typedef enum { kCLOCK_Iomuxc } clock_ip_name_t;
void CLOCK_EnableClock(clock_ip_name_t name);
""",
    "fsl_iomuxc.h": """\
#pragma once
#include <stdint.h>
PINS
void IOMUXC_SetPinMux(uint32_t pad, uint32_t input);
void IOMUXC_SetPinConfig(uint32_t pad, uint32_t value);
""",
    "board.h": """\
#pragma once
#include <stdint.h>
#define BOARD_DEBUG_UART_BASEADDR (uint32_t)0x40184000u
#define BOARD_UART_IRQ_HANDLER LPUART1_IRQHandler
uint32_t BOARD_DebugConsoleSrcFreq(void);
void BOARD_ConfigMPU(void);
""",
    "clock_config.h": """\
#pragma once
#define BOARD_BOOTCLOCKRUN_CORE_CLOCK CORE_CLOCK
void BOARD_InitBootClocks(void);
""",
}

# What the SDK's linker scripts call m_data2.
OCRAM = {
    "evkbimxrt1050": 0x2020_0000,
    "evkbmimxrt1060": 0x2020_0000,
    "evkmimxrt1064": 0x2020_0000,
    "evkmimxrt1160": 0x202C_0000,
    "evkbmimxrt1170": 0x202C_0000,
}


def fake_sdk(
    folder: Path, board: str = "evkbimxrt1050", version: tuple[int, int] = (24, 12)
) -> Path:
    """Write the tree for one board of the SDK and return its folder."""
    known = load_board(board)
    assert known.sdk is not None
    pins = (f"#define {pin.function} {number}u" for number, pin in enumerate(known.sdk.pins))
    headers = {
        **HEADERS,
        "fsl_iomuxc.h": HEADERS["fsl_iomuxc.h"].replace("PINS", "\n".join(pins)),
        "clock_config.h": HEADERS["clock_config.h"].replace(
            "CORE_CLOCK\n", f"{known.core.clock_hz}u\n"
        ),
    }
    flash = hex(known.flash_region.base)
    script = LINKER_SCRIPT.replace("OCRAM", hex(OCRAM[board])).replace("FLASH", flash)
    files = {
        "MCUX_VERSION": f"CURRENT_YEAR = {version[0]}\nVERSION_MAJOR = {version[1]}\n",
        "Kconfig.mcuxpresso": "",
        "CMakeLists.txt": CMAKELISTS,
        "cmake/extension/mcux.cmake": MCUX_CMAKE,
        f"examples/_boards/{board}/board.c": "",
        "flexspi_nor.ld": script,
        "fake.c": FAKE_C,
        **{f"include/{name}": text for name, text in headers.items()},
    }
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder
