"""The console of an SDK project: a UART that the driver refuses to set up is no console."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from helpers.fake_sdk import HEADERS
from helpers.host_firmware import WARNINGS, find_host_compiler
from helpers.objects import compile_c

from mcuzoo.resources import firmware_dir

_MAIN = """\
#include <stdio.h>
#include <stdlib.h>
#include <board.h>
#include <fsl_lpuart.h>
#include "port/console/mz_uart.h"
static status_t answer;
void LPUART_GetDefaultConfig(lpuart_config_t *config) { *config = (lpuart_config_t){0}; }
status_t LPUART_Init(LPUART_Type *base, const lpuart_config_t *config, uint32_t clock_hz) {
    printf("%u baud of %u Hz at %d\\n", config->baudRate_Bps, clock_hz, base != 0);
    fflush(stdout);
    return answer;
}
uint32_t LPUART_GetStatusFlags(LPUART_Type *base) { return base->STAT; }
status_t LPUART_ClearStatusFlags(LPUART_Type *base, uint32_t mask) { base->STAT = mask; return 0; }
void LPUART_EnableInterrupts(LPUART_Type *base, uint32_t mask) { base->CTRL |= mask; }
void LPUART_DisableInterrupts(LPUART_Type *base, uint32_t mask) { base->CTRL &= ~mask; }
status_t LPUART_SetBaudRate(LPUART_Type *base, uint32_t baud, uint32_t clock_hz) {
    printf("%u baud of %u Hz at %d\\n", baud, clock_hz, base != 0);
    return answer;
}
void mz_interrupt_enable(uint32_t irq) { printf("interrupt %u\\n", irq); }
uint32_t BOARD_DebugConsoleSrcFreq(void) { return 24000000u; }
int main(int count, char **words) {
    answer = count > 1 ? atoi(words[1]) : 0;
    mz_uart_init();
    puts("went on");
    printf("%u %u\\n", mz_uart_closest_baud(3000000u), mz_uart_closest_baud(6000001u));
    mz_uart_set_baud(3000000u);
    return 0;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdk-uart")
    for name, text in HEADERS.items():
        # A pointer of this machine is wider than the address.
        text = text.replace("(uint32_t)0x40184000u", "(uintptr_t)0x40184000u")
        (folder / name).write_text(text)
    facts = "#define MZ_CONSOLE_BAUD 921600u\n#define MZ_CONSOLE_IRQ 20u\n"
    (folder / "mz_board.h").write_text(facts)
    (folder / "main.c").write_text(_MAIN)
    firmware = firmware_dir()
    compile_c(
        [*find_host_compiler(), *WARNINGS, f"-I{folder}", f"-I{firmware}", str(folder / "main.c"),
         str(firmware / "port/mcuxsdk/mz_uart_mcuxsdk.c"),
         str(firmware / "port/console/mz_lpuart_rate.c"), "-o", str(folder / "program")]
    )  # fmt: skip
    return folder / "program"


def test_a_uart_that_is_set_up(program: Path) -> None:
    done = subprocess.run([program], capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "921600 baud of 24000000 Hz at 1",
        "interrupt 20",
        "went on",
        "3000000 0",
        "3000000 baud of 24000000 Hz at 1",
    ]
    assert done.returncode == 0


def test_a_rate_that_the_driver_refuses_is_a_fault(program: Path) -> None:
    """kStatus_LPUART_BaudrateNotSupport is 1313."""
    done = subprocess.run([program, "1313"], capture_output=True, text=True)
    assert "went on" not in done.stdout and done.returncode < 0
