// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <sys/mman.h>

#include "host.h"

static uint64_t host_read(void *ctx, uint64_t pa)
{
	const struct host *host = ctx;

	return pa - HOST_PAGE < sizeof(host->page) ? host->page[(pa - HOST_PAGE) / 8] : 0;
}

static void host_write(void *ctx, uint64_t pa, uint64_t value)
{
	struct host *host = ctx;

	if (pa - HOST_PAGE < sizeof(host->page))
		host->page[(pa - HOST_PAGE) / 8] = value;
}

unsigned int host_call(struct host *host, uint32_t fid, uint64_t x1, uint64_t x2, uint64_t x3)
{
	uint64_t x[6] = { fid, x1, x2, x3 };

	rmm_command(host->rmm, x);
	memcpy(host->x, x, sizeof(host->x));
	host->commands++;
	return RMI_RESULT_STATUS(x[0]);
}

bool host_open(struct host *host, const struct rmm_machine *machine)
{
	const struct rmm_ops ops = { .read = host_read, .write = host_write, .ctx = host };

	*host = (struct host){ .machine = *machine };
	host->size = rmm_size(&host->machine);
	if (!host->size)
		return false;
	host->memory = mmap(NULL, host->size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (host->memory == MAP_FAILED)
		return false;
	host->rmm = rmm_init(host->memory, &host->machine, &ops);
	if (host->rmm && !host_call(host, RMI_RMM_CONFIG_SET, HOST_PAGE, 0, 0) &&
	    !host_call(host, RMI_RMM_ACTIVATE, 0, 0, 0)) {
		host->commands = 0;
		return true;
	}
	host_close(host);
	return false;
}

void host_close(struct host *host)
{
	munmap(host->memory, host->size);
}
