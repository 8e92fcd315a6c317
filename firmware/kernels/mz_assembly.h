/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What the kernels' assembly shares: when it is compiled, and how it names offsets.
 *
 * The assembly is basic asm in naked functions, which takes no operands, so a number must be in its
 * text. It gets there by name: the C beside it asserts that the name is the field's real offset.
 *
 * Labels are .L and then the file's name for it, in words, because a compiler may put several files
 * into one assembly file. */
#ifndef MZ_ASSEMBLY_H
#define MZ_ASSEMBLY_H

/* 1 where the core has the instructions: the DSP extension and Thumb-2. */
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#define MZ_ASSEMBLY 1
#else
#define MZ_ASSEMBLY 0
#endif

#define MZ_TEXT_OF(tokens) #tokens
#define MZ_TEXT(tokens) MZ_TEXT_OF(tokens)

/* An immediate operand, and a word in memory: `offset` bytes from where the register `base` points.
 * Both take macros of decimal numbers and sums of them, which the assembler adds up. */
#define MZ_IMMEDIATE(number) "#" MZ_TEXT(number)
#define MZ_AT(base, offset) "[" base ", #" MZ_TEXT(offset) "]"

#endif
