/* SPDX-License-Identifier: GPL-2.0-only */
/* A host with no kernel in it: memory, a model RMM over it, and commands typed in by hand */
#ifndef RMM_FIXTURE_H
#define RMM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "rmi_abi.h"
#include "rmm.h"

#define KB		UINT64_C(0x400)
#define MB		UINT64_C(0x100000)
#define GB		UINT64_C(0x40000000)
#define TB		(1024 * GB)
#define PAGE		UINT64_C(0x1000)

#define DRAM		GB			/* where the usual machine's begins */
#define HOST_TOP	(16 * GB)		/* the host's memory is real below */

/* Pages that the usual tests use for lists and configuration */
#define LIST		(DRAM + 16 * MB)
#define CONFIG		(DRAM + 17 * MB)

#define NOT_SUPPORTED	UINT64_MAX

/* What INCOMPLETE looks like */
#define CAN_CANCEL	(UINT64_C(1) << 10)
#define GO_ON		UINT64_C(0x00d)
#define DONATE		UINT64_C(0x10d)
#define RECLAIM		UINT64_C(0x20d)

struct host {
	struct rmm_machine machine;
	struct rmm *rmm;
	void *memory;
	size_t size;
	uint8_t *dram;		/* the host's, from physical address 0 */
	uint8_t *taken;		/* by 4 KB page: the host can't reach it */
	uint64_t nr_taken;	/* bytes */
	uint64_t delay_ns;
	uint64_t x[5];
	uint64_t x5;		/* of the next command */
};

static inline void *reserve(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

static inline uint64_t host_read(void *ctx, uint64_t pa)
{
	struct host *host = ctx;

	assert_true(pa < HOST_TOP && !(pa & 7));
	assert_false(host->taken[pa / PAGE]);
	return *(uint64_t *)(host->dram + pa);
}

static inline void host_write(void *ctx, uint64_t pa, uint64_t value)
{
	struct host *host = ctx;

	assert_true(pa < HOST_TOP && !(pa & 7));
	assert_false(host->taken[pa / PAGE]);
	*(uint64_t *)(host->dram + pa) = value;
}

static inline void host_granule(void *ctx, uint64_t pa, uint64_t size, bool to_host)
{
	struct host *host = ctx;
	uint64_t at;

	for (at = pa; at < pa + size && at < HOST_TOP; at += PAGE) {
		assert_int_equal(host->taken[at / PAGE], to_host);
		host->taken[at / PAGE] = !to_host;
	}
	host->nr_taken += to_host ? -size : size;
}

static inline void host_delay(void *ctx, uint64_t ns)
{
	struct host *host = ctx;

	host->delay_ns += ns;
}

static inline void add_range(struct rmm_list *list, uint64_t base, uint64_t size, uint64_t value)
{
	list->at[list->nr++] = (struct rmm_range){ base, size, value };
}

/* 4 GB of DRAM from 1 GB on, 4 KB granules only, 40 bits of physical address */
static inline struct host *host_new(unsigned int dialect, uint64_t flags)
{
	struct host *host = calloc(1, sizeof(*host));

	host->machine = (struct rmm_machine){
		.magic = RMM_MACHINE_MAGIC,
		.dialect = dialect,
		.flags = flags,
		.revision_low = RMI_REVISION(2, 0),
		.revision_high = RMI_REVISION(2, 0),
		.granules = 1,
		.pps = 2,
	};
	add_range(&host->machine.memory, DRAM, 4 * GB, RMI_MEM_CATEGORY_CONVENTIONAL);
	host->dram = reserve(HOST_TOP);
	host->taken = reserve(HOST_TOP / PAGE);
	return host;
}

static inline bool host_try(struct host *host)
{
	struct rmm_ops ops = {
		.read = host_read,
		.write = host_write,
		.granule = host_granule,
		.delay = host_delay,
		.ctx = host,
	};

	host->size = rmm_size(&host->machine);
	if (!host->size)
		return false;
	host->memory = reserve(host->size);
	host->rmm = rmm_init(host->memory, &host->machine, &ops);
	assert_non_null(host->rmm);
	return true;
}

static inline uint64_t call4(struct host *host, uint64_t fid, uint64_t x1, uint64_t x2,
			     uint64_t x3, uint64_t x4)
{
	uint64_t x[6] = { fid, x1, x2, x3, x4, host->x5 };

	assert_true(rmm_command(host->rmm, x));
	memcpy(host->x, x, sizeof(host->x));
	host->x5 = 0;
	return x[0];
}

static inline uint64_t call(struct host *host, uint64_t fid, uint64_t x1, uint64_t x2)
{
	return call4(host, fid, x1, x2, 0, 0);
}

static inline void config_page(struct host *host, uint64_t pa, uint64_t tracking, uint64_t granule)
{
	memset(host->dram + pa, 0, RMI_CONFIG_SIZE);
	host_write(host, pa + RMI_CONFIG_TRACKING_REGION, tracking);
	host_write(host, pa + RMI_CONFIG_GRANULE_SIZE, granule);
}

static inline struct host *host_up(struct host *host)
{
	assert_true(host_try(host));
	return host;
}

static inline void host_activate(struct host *host, uint64_t granule)
{
	config_page(host, CONFIG, 0, granule);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG, 0), RMI_SUCCESS);
	assert_int_equal(call(host, RMI_RMM_ACTIVATE, 0, 0), RMI_SUCCESS);
}

static inline struct host *host_active(unsigned int dialect, uint64_t flags)
{
	struct host *host = host_up(host_new(dialect, flags));

	host_activate(host, RMI_GRANULE_SIZE_4K);
	return host;
}

/* The RMM and this host must agree on whose every byte is */
static inline void host_check(struct host *host)
{
	assert_int_equal(host->nr_taken, rmm_donated(host->rmm) + rmm_delegated(host->rmm));
}

static inline void host_free(struct host *host)
{
	if (host->rmm)
		host_check(host);
	if (host->memory)
		munmap(host->memory, host->size);
	munmap(host->dram, HOST_TOP);
	munmap(host->taken, HOST_TOP / PAGE);
	free(host);
}

#define expect(host, status, a, b, c)						\
	do {									\
		assert_int_equal((host)->x[0], (status));			\
		assert_int_equal((host)->x[1], (a));				\
		assert_int_equal((host)->x[2], (b));				\
		assert_int_equal((host)->x[3], (c));				\
	} while (0)

/* Lending: requests, lists and the commands about them */

#define REQ_CONTIG	(UINT64_C(1) << 16)
#define REQ_UNDELEGATED	(UINT64_C(1) << 17)	/* in either encoding */
#define REQ_CONDITIONAL	(UINT64_C(2) << 17)
#define REQ_TABLE	(UINT64_C(32) << 2 | REQ_CONTIG | REQ_UNDELEGATED)

#define FLAGS_BETA3	(RMM_FLAG_HOST_PAYS | RMM_FLAG_HOST_TABLES)

/* A descriptor of single pages; state is RMI_MEM_DELEGATED or RMI_MEM_UNDELEGATED */
static inline uint64_t pages(const struct host *host, uint64_t pa, uint64_t nr, uint64_t state)
{
	return pa | nr << 2 | state << (host->machine.dialect >= RMM_DIALECT_BETA3 ? 62 : 63);
}

static inline void put(struct host *host, unsigned int i, uint64_t desc)
{
	host_write(host, LIST + i * 8, desc);
}

static inline uint64_t donate(struct host *host, uint64_t handle, uint64_t nr)
{
	return call4(host, RMI_OP_MEM_DONATE, handle, LIST, nr, 0);
}

static inline uint64_t donate1(struct host *host, uint64_t handle, uint64_t desc)
{
	put(host, 0, desc);
	return donate(host, handle, 1);
}

static inline uint64_t reclaim(struct host *host, uint64_t handle, uint64_t nr)
{
	return call4(host, RMI_OP_MEM_RECLAIM, handle, LIST, nr, 0);
}

static inline uint64_t go_on(struct host *host, uint64_t handle)
{
	return call(host, RMI_OP_CONTINUE, handle, 0);
}

static inline uint64_t set(struct host *host, uint64_t addr, uint64_t category, uint64_t state)
{
	return call4(host, RMI_GRANULE_TRACKING_SET, addr, category, state, 0);
}

static inline uint64_t delegate(struct host *host, uint64_t base, uint64_t size)
{
	return call(host, RMI_GRANULE_RANGE_DELEGATE, base, base + size);
}

static inline uint64_t undelegate(struct host *host, uint64_t base, uint64_t size)
{
	return call(host, RMI_GRANULE_RANGE_UNDELEGATE, base, base + size);
}

/* Start a command that asks for memory; gives the handle */
static inline uint64_t begin_create(struct host *host, uint64_t addr)
{
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, addr, 0), DONATE | CAN_CANCEL);
	return host->x[1];
}

static inline void create(struct host *host, uint64_t addr, uint64_t table)
{
	uint64_t handle = begin_create(host, addr);

	assert_int_equal(donate1(host, handle, pages(host, table, 32, RMI_MEM_UNDELEGATED)), 0);
	assert_int_equal(host->x[1], 32);
}

static inline void destroy(struct host *host, uint64_t addr)
{
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, addr, 0), RECLAIM);
	assert_int_equal(reclaim(host, host->x[1], 4), RMI_SUCCESS);
}

/* Make a region FINE with its own pages from at on, 64 at a time, as a beta 3 RMM asks for them */
static inline void fine_by_itself(struct host *host, uint64_t base, uint64_t at, uint64_t state)
{
	uint64_t handle, i;

	set(host, base, RMI_MEM_CATEGORY_CONVENTIONAL, RMI_TRACKING_FINE);
	handle = host->x[1];
	expect(host, DONATE | CAN_CANCEL, handle, 64 << 2 | REQ_CONDITIONAL, 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(rmm_tracking(host->rmm, base), RMI_TRACKING_COARSE);
		donate1(host, handle, pages(host, at + i * 64 * PAGE, 64, state));
		assert_int_equal(host->x[1], 64);
	}
	assert_int_equal(host->x[0], RMI_SUCCESS);
	assert_int_equal(rmm_tracking(host->rmm, base), RMI_TRACKING_FINE);
}

#endif
