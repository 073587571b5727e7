/* SPDX-License-Identifier: GPL-2.0-only */
/* A bare host: the model RMM, activated, and one page to show it. No kernel, nothing of src/. */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include "rmi_abi.h"
#include "rmm.h"

#define HOST_PAGE	UINT64_C(0x40080000)	/* all maps have DRAM there */

struct host {
	struct rmm *rmm;
	uint64_t x[5];			/* the last answer */
	uint64_t commands;		/* since it was activated */
	uint64_t page[512];		/* what lies at HOST_PAGE */
	struct rmm_machine machine;
	void *memory;
	size_t size;
};

bool host_open(struct host *host, const struct rmm_machine *machine);
/* gives the status of the answer */
unsigned int host_call(struct host *host, uint32_t fid, uint64_t x1, uint64_t x2, uint64_t x3);
void host_close(struct host *host);

#endif
