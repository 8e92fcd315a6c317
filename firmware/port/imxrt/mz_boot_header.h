/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What the i.MX RT's boot ROM reads from NOR flash before it starts the image.
 * Layout and values: NXP MCUXpresso SDK, *_flexspi_nor_config.h and fsl_flexspi_nor_boot.h. */
#ifndef MZ_BOOT_HEADER_H
#define MZ_BOOT_HEADER_H

#include <stdint.h>

/* FlexSPI instructions: opcode, lines that carry it, operand. DDR: on both clock edges. */
#define MZ_LUT_SDR(opcode, pads, operand) \
    ((uint16_t)(MZ_LUT_##opcode << 10 | MZ_LUT_PADS_##pads << 8 | (operand)))
#define MZ_LUT_DDR(opcode, pads, operand) \
    ((uint16_t)((MZ_LUT_##opcode | 0x20) << 10 | MZ_LUT_PADS_##pads << 8 | (operand)))
#define MZ_LUT_STOP ((uint16_t)0)

enum { MZ_LUT_PADS_1 = 0, MZ_LUT_PADS_2 = 1, MZ_LUT_PADS_4 = 2, MZ_LUT_PADS_8 = 3 };

enum {
    MZ_LUT_CMD = 0x01,
    MZ_LUT_RADDR = 0x02,
    MZ_LUT_CADDR = 0x03,
    MZ_LUT_MODE1 = 0x04,
    MZ_LUT_MODE2 = 0x05,
    MZ_LUT_MODE4 = 0x06,
    MZ_LUT_MODE8 = 0x07,
    MZ_LUT_WRITE = 0x08,
    MZ_LUT_READ = 0x09,
    MZ_LUT_LEARN = 0x0A,
    MZ_LUT_DATSZ = 0x0B,
    MZ_LUT_DUMMY = 0x0C,
    MZ_LUT_DUMMY_RWDS = 0x0D,
};

/* count sequences of the look-up table, the first is seq. */
typedef struct {
    uint8_t count;
    uint8_t seq;
    uint16_t reserved;
} mz_lut_range;

#define MZ_FCB_TAG 0x42464346u /* "FCFB" */
#define MZ_FCB_VERSION 0x56010400u

/* FlexSPI NOR configuration block: how to read the flash. */
typedef struct {
    uint32_t tag;
    uint32_t version;
    uint32_t reserved0;
    uint8_t read_sample_clk_src;
    uint8_t cs_hold_time;
    uint8_t cs_setup_time;
    uint8_t column_address_width;
    uint8_t device_mode_cfg_enable;
    uint8_t device_mode_type;
    uint16_t wait_time_cfg_commands;
    mz_lut_range device_mode_seq;
    uint32_t device_mode_arg;
    uint8_t config_cmd_enable;
    uint8_t config_mode_type[3];
    mz_lut_range config_cmd_seqs[3];
    uint32_t reserved1;
    uint32_t config_cmd_args[3];
    uint32_t reserved2;
    uint32_t controller_misc_option;
    uint8_t device_type;
    uint8_t sflash_pad_type;
    uint8_t serial_clk_freq;
    uint8_t lut_custom_seq_enable;
    uint32_t reserved3[2];
    uint32_t sflash_a1_size;
    uint32_t sflash_a2_size;
    uint32_t sflash_b1_size;
    uint32_t sflash_b2_size;
    uint32_t pad_setting_overrides[4];
    uint32_t timeout_ms;
    uint32_t command_interval;
    uint16_t data_valid_time[2]; /* ports A and B, in 0.1 ns */
    uint16_t busy_offset;
    uint16_t busy_bit_polarity;
    uint16_t lut[16][8];
    mz_lut_range lut_custom_seq[12];
    uint32_t reserved4[4];
    uint32_t page_size;
    uint32_t sector_size;
    uint8_t ipcmd_serial_clk_freq;
    uint8_t is_uniform_block_size;
    uint8_t reserved5[2];
    uint8_t serial_nor_type;
    uint8_t need_exit_no_cmd_mode;
    uint8_t half_clk_for_non_read_cmd;
    uint8_t need_restore_no_cmd_mode;
    uint32_t block_size;
    uint32_t reserved6[11];
} mz_flash_config;

_Static_assert(sizeof(mz_flash_config) == 512, "the boot ROM reads 512 bytes");

#define MZ_IVT_HEADER 0x412000D1u /* tag 0xD1, 32 bytes, HAB version 4.1 */

/* Addresses for the boot ROM. There is no device configuration data and no signature. */
typedef struct {
    const void *start; /* of the flash */
    uint32_t size;
    uint32_t plugin;
    uint32_t unused;
} mz_boot_data;

typedef struct mz_image_vectors {
    uint32_t header;
    const void *entry;
    uint32_t reserved1;
    const void *device_configuration;
    const mz_boot_data *boot_data;
    const struct mz_image_vectors *self;
    const void *signature;
    uint32_t reserved2;
} mz_image_vectors;

#endif
