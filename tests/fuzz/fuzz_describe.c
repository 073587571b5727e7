// SPDX-License-Identifier: GPL-2.0-only
/* The text of a machine's description: whatever it holds, it is refused or makes a machine */
#define DESCRIBE_NO_MAIN
#include "../rmm/describe.c"
#include "world.h"

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n);

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n)
{
	FILE *in = n ? fmemopen((void *)bytes, n, "r") : NULL, *err = fopen("/dev/null", "w");
	struct rmm_machine machine;

	assert_non_null(err);
	if (in && describe("fuzz", in, err, &machine) && rmm_size(&machine) &&
	    rmm_size(&machine) < 1ULL << 32) {
		world_make(&machine, 12);
		world_ram(1ULL << 30, 1ULL << 31, true);
		world_end_with(0, 0);
	}
	if (in)
		fclose(in);
	fclose(err);
	return 0;
}
