/* SPDX-License-Identifier: GPL-2.0-only */
/* The whole module over a machine that a test describes, and what it must say of itself */
#ifndef MODULE_FIXTURE_H
#define MODULE_FIXTURE_H

#include "../../include/arm_cca_rmi.h"
#include "rmi_abi.h"
#include "world.h"

#define GB	(1ULL << 30)
#define MB	(1ULL << 20)
#define KB	1024ULL

static struct rmm_machine machine;

/* 3 GB of DRAM from 1 GB on, as QEMU's virt machine; tables and tracking are the platform's */
static inline void describe(enum rmm_dialect dialect)
{
	machine = (struct rmm_machine){
		.magic = RMM_MACHINE_MAGIC, .dialect = dialect,
		.revision_low = 0x20000, .revision_high = 0x20000,
		.granules = 7, .pps = 2,
		.memory = { .nr = 1, .at = { { GB, 3 * GB, RMI_MEM_CATEGORY_CONVENTIONAL } } },
	};
}

static inline void make(unsigned int page_shift)
{
	world_make(&machine, page_shift);
	world_ram(GB, 2 * GB, true);
}

static inline void load(void)
{
	assert_int_equal(shim_module_init(), 0);
}

static inline void unload(void)
{
	shim_module_exit();
	world_end();
}

#define assert_file(file, text) do {				\
	const char *is_ = world_read(file);			\
	assert_non_null(is_);					\
	assert_string_equal(is_, text);				\
} while (0)

#define assert_number(file, number) do {			\
	char text_[24];						\
	snprintf(text_, sizeof(text_), "%llu", (u64)(number));	\
	assert_file(file, text_);				\
} while (0)

#define assert_available(covered) do {				\
	assert_file("reason", "ok");				\
	assert_file("available", "1");				\
	assert_file("detail", "");				\
	assert_number("memory_covered", covered);		\
	assert_true(cca_rmi_is_available());			\
} while (0)

#define assert_unavailable(reason, text) do {			\
	assert_file("reason", reason);				\
	assert_file("detail", text);				\
	assert_file("available", "0");				\
	assert_file("memory_covered", "0");			\
	assert_false(cca_rmi_is_available());			\
} while (0)

/* Of memory that was refused, the log has one line when a second brought no neighbour of it */
#define assert_notice(text) do {				\
	const u64 lines_ = world.lines;				\
	world_work_latest();					\
	assert_int_equal(world.lines, lines_);			\
	world_work_latest();					\
	assert_int_equal(world.lines, lines_ + 1);		\
	assert_non_null(strstr(world.log, text));		\
} while (0)

/* Load, expect this, unload */
#define expect_unavailable(reason, text) do {			\
	make(12);						\
	load();							\
	assert_unavailable(reason, text);			\
	unload();						\
} while (0)

/* The ledger, the model and the pages that changed hands tell the same */
#define assert_lent() do {								\
	assert_number("memory_donated", rmm_donated(world.rmm));			\
	assert_int_equal(world_with_rmm(), rmm_donated(world.rmm) + rmm_delegated(world.rmm));	\
	assert_file("memory_lost", "0");						\
} while (0)

/* The host pays for both. For each GB with 4 KB pages: 256 pages of metadata, and a table of 32 */
#define HOST_PAYS	(RMM_FLAG_HOST_PAYS | RMM_FLAG_HOST_TABLES)
#define METADATA	MB
#define TABLE		(128 * KB)
#define PRICE		(METADATA + TABLE)

/* Pages in the ledger that aren't out: between transactions, what guards the page behind it */
static inline u64 guards(void)
{
	const char *line = world_debug("donated");
	u64 start, end, n = 0;
	char word[16];

	for (; line && *line; line = strchr(line, '\n') + 1)
		if (sscanf(line, "%llx-%llx %15s", &start, &end, word) == 3 &&
		    !strcmp(word, "held")) {
			assert_int_equal(end - start, PAGE_SIZE);
			n++;
		}
	return n;
}

/*
 * All that left Linux is with the RMM or guards what is, where the test has no pages of its own and
 * no operation is unfinished
 */
#define assert_held() \
	assert_int_equal(world.pages_out, world.with_rmm / PAGE_SIZE + guards())

#define assert_donated(bytes) do {				\
	assert_int_equal(rmm_donated(world.rmm), bytes);	\
	assert_number("memory_donated", bytes);			\
	assert_int_equal(world_with_rmm(), bytes);		\
	assert_file("memory_lost", "0");			\
} while (0)

/* Bytes of the ledger that are of this kind, as debugfs tells */
static inline u64 ledger_has(const char *kind)
{
	u64 start, end, sum = 0;
	char word[16];
	const char *p;

	for (p = world_debug("donated"); *p; p = strchr(p, '\n') + 1) {
		assert_int_equal(sscanf(p, "0x%llx-0x%llx %15s", &start, &end, word), 3);
		sum += !strcmp(word, kind) ? end - start : 0;
	}
	return sum;
}

/* Pages of a consumer's own, which nobody can guard */
static inline void own_pages(u64 start, u64 end)
{
	const u64 from = world.pages_from;
	u64 pa;

	for (pa = start; pa < end; pa += PAGE_SIZE) {
		world.pages_from = pa;
		assert_int_equal(page_to_phys(alloc_pages_node(0, GFP_KERNEL, 0)), pa);
		pfn_to_page(PHYS_PFN(pa))->flags |= PAGE_FOREIGN;
	}
	world.pages_from = from;
}

static inline void free_own_pages(u64 start, u64 end)
{
	u64 pa;

	for (pa = start; pa < end; pa += PAGE_SIZE) {
		pfn_to_page(PHYS_PFN(pa))->flags &= ~PAGE_FOREIGN;
		__free_page(pfn_to_page(PHYS_PFN(pa)));
	}
}

/* For a world.smc: what the RMM says to this, which has no X5 */
static inline void ask_model(u64 x[5])
{
	uint64_t y[6] = { x[0], x[1], x[2], x[3], x[4] };

	assert_true(rmm_command(world.rmm, y));
	for (int i = 0; i < 5; i++)
		x[i] = y[i];
	world.smc_done = true;
}

static const enum rmm_dialect dialects[] = { RMM_DIALECT_PUBLIC, RMM_DIALECT_BETA1,
					     RMM_DIALECT_BETA3 };

/* Those in which a host can pay */
static const enum rmm_dialect paid[] = { RMM_DIALECT_BETA1, RMM_DIALECT_BETA3 };

#endif
