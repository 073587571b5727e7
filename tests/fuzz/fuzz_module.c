// SPDX-License-Identifier: GPL-2.0-only
/* The module over a machine, events and lies that the bytes choose: for libFuzzer and AFL++ */
#include "scenario.h"

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n);

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n)
{
	scenario_by_bytes(bytes, n);
	return 0;
}
