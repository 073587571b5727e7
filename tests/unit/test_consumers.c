// SPDX-License-Identifier: GPL-2.0-only
/*
 * What other kernel modules may call, with memory that is paid for at load (eager) or when it is
 * wanted (lazy)
 */
#include "module_fixture.h"
#include "../../src/pagebits.h"

#define PAGE	4096ULL

static void make_paid(enum rmm_dialect dialect, const char *cover, u64 flags)
{
	describe(dialect);
	/* the public one can't be paid */
	machine.flags = (dialect == RMM_DIALECT_PUBLIC ? 0 : HOST_PAYS) | flags;
	make(12);
	world_ram(2 * GB, 3 * GB, true);
	assert_int_equal(shim_set_cover(cover), 0);
}

static void lazy_load_pays_nothing(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		make_paid(paid[d], "lazy", 0);
		load();
		assert_available(0);
		assert_donated(0);
		assert_int_equal(world.pages_out, 0);
		/* One that has no GPT_INFO tells by CREATE alone whether there can be tables */
		assert_int_equal(rmm_commands(world.rmm, RMI_GPT_L1_CREATE), !d);
		assert_int_equal(rmm_par(world.rmm, GB), RMI_PAR_HOST_NOT_CREATED);
		assert_int_equal(rmm_commands(world.rmm, RMI_GRANULE_TRACKING_SET), 0);
		assert_int_equal(rmm_tracking(world.rmm, GB), RMI_TRACKING_COARSE);
		unload();

		/* but looks at all of it */
		make_paid(paid[d], "lazy", 0);
		machine.tracking.nr = 1;
		world_end();
		machine.tracking.at[0] = (struct rmm_range){ 2 * GB, GB, RMI_TRACKING_RESERVED };
		make(12);
		world_ram(2 * GB, 3 * GB, true);
		assert_int_equal(shim_set_cover("lazy"), 0);
		load();
		assert_unavailable("not-tracked", "0x80000000-0xc0000000 reserved");
		unload();
	}
}

static void lazy_delegation_pays_for_what_it_needs(void **state)
{
	const u64 at = 2 * GB + 512 * MB, size = 1000 * PAGE;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		size_t done;
		u64 calls;

		make_paid(paid[d], "lazy", 0);
		world.pages_from = 2 * GB;
		load();
		own_pages(at, at + size);
		assert_int_equal(cca_rmi_delegate_range(at, size), 0);
		assert_int_equal(rmm_donated(world.rmm), PRICE);
		assert_int_equal(rmm_delegated(world.rmm), size);
		assert_lent();
		assert_available(GB);
		assert_int_equal(rmm_tracking(world.rmm, 2 * GB), RMI_TRACKING_FINE);
		assert_int_equal(rmm_tracking(world.rmm, GB), RMI_TRACKING_COARSE);
		assert_int_equal(rmm_par(world.rmm, GB), RMI_PAR_HOST_NOT_CREATED);
		done = 1;
		assert_int_equal(cca_rmi_undelegate_range(at, size, &done), 0);
		assert_int_equal(done, size);
		assert_donated(PRICE);
		/* it is paid once */
		assert_int_equal(cca_rmi_ensure_range(2 * GB, GB), 0);
		calls = world.smcs;
		assert_int_equal(cca_rmi_ensure_range(2 * GB, GB), 0);
		assert_int_equal(world.smcs, calls);
		assert_donated(PRICE);
		/* across the border of two regions */
		assert_int_equal(cca_rmi_ensure_range(2 * GB - PAGE, 2 * PAGE), 0);
		assert_donated(2 * PRICE);
		assert_available(2 * GB);
		free_own_pages(at, at + size);
		unload();
	}
}

/*
 * Paid for with boot memory, whose own region is then paid for as well. One that nobody uses any
 * more is given back with the memory, as in eager mode.
 */
static void lazy_hot_add_is_not_paid(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		make_paid(paid[d], "lazy", 0);
		load();
		world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
		assert_int_equal(cca_rmi_ensure_range(3 * GB, PAGE), -EINVAL);
		assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
		assert_donated(0);
		assert_available(0);
		assert_int_equal(cca_rmi_ensure_range(3 * GB, PAGE), 0);
		assert_donated(2 * PRICE);
		assert_available(GB + WORLD_BLOCK);
		assert_int_equal(world_offline(3 * GB, 3 * GB + WORLD_BLOCK), 0);
		assert_donated(PRICE);
		assert_available(GB);
		unload();
	}
}

/* A block that goes takes along what others were paid with: that is paid when it is wanted again */
static void lazy_memory_that_leaves_is_paid_again_when_wanted(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		describe(paid[d]);
		machine.flags = HOST_PAYS;
		world_make(&machine, 12);
		world_ram(GB, GB + 64 * MB, true);
		world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
		world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
		assert_int_equal(shim_set_cover("lazy"), 0);
		load();
		assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
		assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
		/* boot memory is full */
		world.pages_from = 2 * GB;
		world.no_contig = true;
		assert_int_equal(cca_rmi_ensure_range(3 * GB, PAGE), 0);
		assert_donated(2 * PRICE);
		assert_available(2 * WORLD_BLOCK);
		/* ... and then isn't */
		world.pages_from = 0;
		world.no_contig = false;
		assert_int_equal(world_offline(2 * GB, 2 * GB + WORLD_BLOCK), 0);
		assert_donated(0);
		assert_available(0);
		assert_int_equal(cca_rmi_ensure_range(3 * GB, PAGE), 0);
		assert_donated(2 * PRICE);
		assert_available(64 * MB + WORLD_BLOCK);
		assert_int_equal(rmm_tracking(world.rmm, 3 * GB), RMI_TRACKING_FINE);
		unload();
	}
}

static void lazy_delegation_without_memory_changes_nothing(void **state)
{
	const u64 at = 2 * GB + 512 * MB;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		make_paid(paid[d], "lazy", 0);
		assert_int_equal(shim_set_timeout_ms("5"), 0);
		load();
		own_pages(at, at + PAGE);
		world.no_pages = true;
		assert_int_equal(cca_rmi_delegate_range(at, PAGE), -ENOMEM);
		assert_donated(0);
		assert_int_equal(rmm_delegated(world.rmm), 0);
		assert_available(0);
		world.no_pages = false;
		assert_int_equal(cca_rmi_delegate_range(at, PAGE), 0);
		assert_int_equal(rmm_delegated(world.rmm), PAGE);
		{
			size_t done;

			assert_int_equal(cca_rmi_undelegate_range(at, PAGE, &done), 0);
		}
		free_own_pages(at, at + PAGE);
		unload();
	}
}

static void cover_parameter_is_checked(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	assert_int_equal(shim_set_cover("lazy\n"), 0);	/* as echo writes it */
	assert_int_equal(shim_set_cover("eager\n"), 0);
	assert_int_equal(shim_set_cover(""), -EINVAL);
	assert_int_equal(shim_set_cover("laz"), -EINVAL);
	assert_int_equal(shim_set_cover("lazyy"), -EINVAL);
	assert_int_equal(shim_set_cover("1"), -EINVAL);
	/* and leaves what was */
	machine.flags = HOST_PAYS;
	world_end();
	make(12);
	assert_int_equal(shim_set_cover("nothing"), -EINVAL);
	load();
	assert_donated(PRICE);
	unload();
}

static void eager_memory_needs_nothing(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++) {
		u64 calls;

		describe(dialects[d]);
		machine.flags = d ? HOST_PAYS : 0;
		make(12);
		load();
		calls = world.smcs;
		assert_int_equal(cca_rmi_ensure_range(GB, GB), 0);
		assert_int_equal(cca_rmi_ensure_range(2 * GB - PAGE, PAGE), 0);
		assert_int_equal(world.smcs, calls);
		unload();
	}
}

static void arguments_are_checked(void **state)
{
	static const struct {
		u64 phys, size;
	} bad[] = {
		{ GB, 0 }, { GB + 1, PAGE }, { GB, PAGE - 1 }, { GB, PAGE + 1 },
		{ GB + 0x800, 0x1000 }, { ~0ULL - PAGE + 1, 2 * PAGE }, { ~0ULL - PAGE + 1, PAGE },
		{ GB, ~0ULL - PAGE + 1 },
	}, offline[] = {
		{ GB - PAGE, PAGE }, { 2 * GB, PAGE }, { 2 * GB - PAGE, 2 * PAGE },
		{ GB - PAGE, 2 * PAGE }, { 0, 4 * GB }, { 64 * GB, PAGE }, { 1ULL << 50, PAGE },
	};
	size_t done;
	u64 calls;

	(void)state;
	for (unsigned int lazy = 0; lazy < 2; lazy++) {
		describe(RMM_DIALECT_BETA3);
		machine.flags = HOST_PAYS;
		make(12);
		assert_int_equal(shim_set_cover(lazy ? "lazy" : "eager"), 0);
		load();
		calls = world.smcs;
		for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
			/* the last page of all addresses is no end that can be said */
			assert_int_equal(cca_rmi_ensure_range(bad[i].phys, bad[i].size), -EINVAL);
			assert_int_equal(cca_rmi_delegate_range(bad[i].phys, bad[i].size), -EINVAL);
			done = 77;
			assert_int_equal(cca_rmi_undelegate_range(bad[i].phys, bad[i].size, &done),
					 -EINVAL);
			assert_int_equal(done, 0);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(offline); i++) {
			assert_int_equal(cca_rmi_ensure_range(offline[i].phys, offline[i].size),
					 -EINVAL);
			assert_int_equal(cca_rmi_delegate_range(offline[i].phys, offline[i].size),
					 -EINVAL);
		}
		assert_int_equal(world.smcs, calls);
		assert_int_equal(rmm_delegated(world.rmm), 0);
		unload();
	}
	/* pages of 16 KB */
	describe(RMM_DIALECT_BETA3);
	make(14);
	load();
	assert_int_equal(cca_rmi_ensure_range(GB, PAGE), -EINVAL);
	assert_int_equal(cca_rmi_ensure_range(GB + PAGE, 4 * PAGE), -EINVAL);
	assert_int_equal(cca_rmi_ensure_range(GB, 4 * PAGE), 0);
	unload();
}

static void nothing_without_an_rmm(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_ABSENT;
	make(12);
	load();
	assert_int_equal(cca_rmi_ensure_range(GB, PAGE), -ENODEV);
	assert_int_equal(cca_rmi_delegate_range(GB, PAGE), -ENODEV);
	assert_int_equal(world.smcs, 1);
	unload();
}

/* What is delegated already is refused, and so is what isn't: before the RMM is asked */
static void consumers_bits_decide(void **state)
{
	static const unsigned int middles[] = { 0, 1, 15, 16, 17, 600, 1023 };
	const u64 at = GB + 512 * MB, size = 1024 * PAGE;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++)
		/* many RMMs say SUCCESS to both */
		for (unsigned int skips = 0; skips < 2; skips++) {
			size_t done;
			u64 calls;

			make_paid(dialects[d], "eager", skips ? RMM_FLAG_SKIPS_DONE : 0);
			load();
			own_pages(at, at + size);
			for (unsigned int i = 0; i < ARRAY_SIZE(middles); i++) {
				const u64 middle = at + middles[i] * PAGE;

				assert_int_equal(cca_rmi_delegate_range(middle, PAGE), 0);
				assert_int_equal(rmm_delegated(world.rmm), PAGE);
				calls = world.smcs;
				assert_int_equal(cca_rmi_delegate_range(at, size), -EEXIST);
				assert_int_equal(cca_rmi_delegate_range(middle, PAGE), -EEXIST);
				assert_int_equal(world.smcs, calls);
				/* what nobody has is left as it is, and not asked about */
				assert_int_equal(cca_rmi_undelegate_range(at, size, &done), 0);
				assert_int_equal(done, size);
				assert_int_equal(world.smcs, calls + 1);
				assert_int_equal(rmm_delegated(world.rmm), 0);
			}
			assert_int_equal(cca_rmi_delegate_range(at, size), 0);
			assert_int_equal(rmm_delegated(world.rmm), size);
			/* a part of it, and the rest */
			assert_int_equal(cca_rmi_undelegate_range(at + 5 * PAGE, PAGE, &done), 0);
			assert_int_equal(rmm_delegated(world.rmm), size - PAGE);
			assert_int_equal(cca_rmi_undelegate_range(at, 5 * PAGE, &done), 0);
			assert_int_equal(cca_rmi_undelegate_range(at, size, &done), 0);
			assert_int_equal(done, size);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			free_own_pages(at, at + size);
			unload();
		}
}

/* Nor is anything of ours a consumer's: pages that are lent, guards, and what another one took */
static void nobody_has_our_pages(void **state)
{
	phys_addr_t taken;
	size_t done;
	u64 start, end, calls;
	char kind[16];

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		unsigned int seen = 0;
		char text[4096];

		make_paid(paid[d], "eager", RMM_FLAG_SKIPS_DONE);
		world.pages_from = GB + 16 * MB;
		load();
		assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 1, &taken), 0);
		/* the bits of that memory are there */
		assert_int_equal(cca_rmi_ensure_range(GB, 2 * GB), 0);
		calls = world.smcs;
		snprintf(text, sizeof(text), "%s", world_debug("donated"));
		for (const char *p = text; *p; p = strchr(p, '\n') + 1) {
			assert_int_equal(sscanf(p, "0x%llx-0x%llx %15s", &start, &end, kind), 3);
			assert_int_equal(cca_rmi_delegate_range(start, end - start), -EEXIST);
			assert_int_equal(cca_rmi_delegate_range(end - PAGE, PAGE), -EEXIST);
			assert_int_equal(cca_rmi_delegate_range(start - PAGE, 2 * PAGE), -EEXIST);
			assert_int_equal(cca_rmi_undelegate_range(start, end - start, &done),
					 -EINVAL);
			assert_int_equal(done, 0);
			seen++;
		}
		assert_true(ledger_has("held") && ledger_has("table") && ledger_has("region") &&
			    ledger_has("taken") && seen >= 4);
		assert_int_equal(world.smcs, calls);
		assert_int_equal(cca_rmi_return_granules(&taken, 1), 0);
		unload();
	}
}

/* One page is answered like this, whatever range it lies in */
static u64 odd_page, odd_fid, odd_answer;
static unsigned int odd_count;		/* so often */

static void answer_oddly(u64 x[5])
{
	if (x[0] != odd_fid || !odd_count)
		return;
	if (x[1] < odd_page && x[2] > odd_page)
		x[2] = odd_page;
	if (x[1] != odd_page)
		return;
	odd_count--;
	x[0] = odd_answer;
	x[1] = 0;
	world.smc_done = true;
}

/* The RMM refuses a page in the middle: nothing else is delegated afterwards */
static void delegation_is_all_or_nothing(void **state)
{
	static const u64 answers[] = { RMI_ERROR_INPUT, RMI_ERROR_TRACKING, RMI_ERROR_GPT,
				       RMI_ERROR_TRACKING | 1 << 8, RMI_ERROR_GRANULE, RMI_BUSY,
				       RMI_BLOCKED };
	static const unsigned int middles[] = { 0, 1, 15, 16, 17, 600, 1023 };
	const u64 at = GB + 512 * MB, size = 1024 * PAGE;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)
		for (unsigned int c = 0; c < 2; c++)
			for (unsigned int a = 0; a < ARRAY_SIZE(answers); a++) {
				const bool busy =
					answers[a] == RMI_BUSY || answers[a] == RMI_BLOCKED;
				size_t done;

				make_paid(paid[d], "eager", c ? RMM_FLAG_CONTINUES : 0);
				load();
				assert_int_equal(shim_set_timeout_ms("5"), 0);
				own_pages(at, at + size);
				world.smc = answer_oddly;
				odd_fid = RMI_GRANULE_RANGE_DELEGATE;
				odd_answer = answers[a];
				for (unsigned int i = 0; i < ARRAY_SIZE(middles); i++) {
					odd_page = at + middles[i] * PAGE;
					odd_count = ~0U;
					assert_int_equal(cca_rmi_delegate_range(at, size),
							 busy ? -ETIMEDOUT : -EIO);
					assert_int_equal(rmm_delegated(world.rmm), 0);
					assert_lent();
					/* all of it is the consumer's again */
					assert_int_equal(cca_rmi_undelegate_range(at, PAGE, &done),
							 -EINVAL);
					odd_count = 0;
					assert_int_equal(cca_rmi_delegate_range(at, size), 0);
					assert_int_equal(rmm_delegated(world.rmm), size);
					assert_int_equal(cca_rmi_undelegate_range(at, size, &done),
							 0);
					assert_int_equal(done, size);
				}
				assert_available(2 * GB);
				free_own_pages(at, at + size);
				unload();
			}
}

/* Where undelegation stops; what lies behind stays a consumer's, and comes back later */
static void undelegation_tells_how_far_it_came(void **state)
{
	static const struct {
		u64 answer;
		int rc;
	} answers[] = {
		{ RMI_ERROR_INPUT, -EIO }, { RMI_ERROR_GRANULE, -EIO }, { RMI_BUSY, -ETIMEDOUT },
		{ RMI_BLOCKED, -ETIMEDOUT },
	};
	const u64 at = GB + 512 * MB, size = 64 * PAGE;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++)
		for (unsigned int a = 0; a < ARRAY_SIZE(answers); a++)
			for (u64 middle = 0; middle < size; middle += 21 * PAGE) {
				size_t done = 77;

				make_paid(dialects[d], "eager", 0);
				load();
				assert_int_equal(shim_set_timeout_ms("5"), 0);
				own_pages(at, at + size);
				assert_int_equal(cca_rmi_delegate_range(at, size), 0);
				world.smc = answer_oddly;
				odd_fid = RMI_GRANULE_RANGE_UNDELEGATE;
				odd_answer = answers[a].answer;
				odd_page = at + middle;
				odd_count = ~0U;
				assert_int_equal(cca_rmi_undelegate_range(at, size, &done),
						 answers[a].rc);
				assert_int_equal(done, middle);
				assert_int_equal(rmm_delegated(world.rmm), size - middle);
				/* no way round it, either */
				assert_int_equal(cca_rmi_delegate_range(at + middle, PAGE),
						 -EEXIST);
				odd_count = 0;
				assert_int_equal(cca_rmi_undelegate_range(at + middle,
									  size - middle, &done), 0);
				assert_int_equal(done, size - middle);
				assert_int_equal(rmm_delegated(world.rmm), 0);
				free_own_pages(at, at + size);
				unload();
			}
}

/*
 * A command that begins and doesn't end: the RMM is BUSY with it until `ending` says how it ends.
 * Dictated, since an honest RMM ends it.
 */
#define HANDLE	0x4711ULL

enum ending {
	PENDING,
	ENDS_WELL,
	ENDS_HALF,
	ENDS_BADLY,
	ENDS_BADLY_AFTER_HALF,
	ENDS_BLOCKED,
	ENDS_BLOCKED_AFTER_HALF,
	ENDS_ODDLY
};

static enum ending ending;
static u64 begun[5];		/* what began it; 0: nothing is under way */
static u64 begin_fid;		/* this begins and doesn't end */

static void ask_for_range(u64 top, u64 x[5])
{
	u64 y[5] = { begun[0], begun[1], top };

	/* as often as it takes */
	while (y[1] < top) {
		const u64 base = y[1];

		ask_model(y);
		assert_int_equal(y[0], RMI_SUCCESS);
		assert_true(y[1] > base);
		y[0] = begun[0];
		y[2] = top;
	}
	x[0] = RMI_SUCCESS;
	x[1] = top;
}

static void begin_and_end(u64 x[5])
{
	const u64 half = begun[1] + (begun[2] - begun[1]) / 2;

	if (x[0] == begin_fid && !begun[0]) {
		memcpy(begun, x, sizeof(begun));
		x[0] = RMI_INCOMPLETE;
		x[1] = HANDLE;
		world.smc_done = true;
		return;
	}
	if (x[0] != RMI_OP_CONTINUE || x[1] != HANDLE)
		return;
	assert_true(begun[0]);
	x[0] = RMI_BUSY;
	world.smc_done = true;
	switch (ending) {
	case PENDING:
		return;
	case ENDS_WELL:
		ask_for_range(begun[2], x);
		break;
	case ENDS_HALF:
		ask_for_range(half, x);
		break;
	case ENDS_BADLY_AFTER_HALF:
		ask_for_range(half, x);
		x[0] = RMI_ERROR_INPUT;
		break;
	case ENDS_BADLY:
		x[0] = RMI_ERROR_INPUT;
		break;
	case ENDS_BLOCKED_AFTER_HALF:
		ask_for_range(half, x);
		fallthrough;
	case ENDS_BLOCKED:
		x[0] = RMI_BLOCKED;
		break;
	case ENDS_ODDLY:
		x[0] = RMI_SUCCESS;
		x[1] = begun[2] + PAGE;
		break;
	}
	/* from here on, all is as usual */
	begin_fid = 0;
	begun[0] = 0;
}

static const u64 own = GB + 512 * MB, own_end = GB + 512 * MB + 64 * PAGE;

static void begin_on(enum rmm_dialect dialect, u64 flags, u64 fid)
{
	make_paid(dialect, "eager", flags);
	load();
	assert_int_equal(shim_set_timeout_ms("5"), 0);
	own_pages(own, own_end);
	if (fid == RMI_GRANULE_RANGE_UNDELEGATE)
		assert_int_equal(cca_rmi_delegate_range(own, own_end - own), 0);
	world.smc = begin_and_end;
	ending = PENDING;
	begun[0] = 0;
	begin_fid = fid;
}

static void begin_with(enum rmm_dialect dialect, u64 fid)
{
	begin_on(dialect, RMM_FLAG_SKIPS_DONE, fid);
}

/*
 * Whatever becomes of it: in between its pages are nobody's to touch, it is tried again by itself,
 * and in the end all of them come back
 */
static void delegation_that_does_not_end(void **state)
{
	static const enum ending endings[] = { ENDS_WELL, ENDS_HALF, ENDS_BADLY,
					       ENDS_BADLY_AFTER_HALF, ENDS_BLOCKED };
	const u64 size = own_end - own;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++)
		for (unsigned int e = 0; e < ARRAY_SIZE(endings); e++) {
			size_t done;

			begin_with(dialects[d], RMI_GRANULE_RANGE_DELEGATE);
			assert_int_equal(cca_rmi_delegate_range(own, size), -ENOTRECOVERABLE);
			assert_int_equal(world.module_refs, 1);
			assert_non_null(world.delayed);
			for (int i = 0; i < 3; i++) {
				assert_int_equal(cca_rmi_delegate_range(own + PAGE, PAGE), -EEXIST);
				assert_int_equal(cca_rmi_undelegate_range(own, size, &done),
						 -EBUSY);
				assert_int_equal(done, 0);
				assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), -EBUSY);
				/* once a second */
				assert_non_null(world.delayed);
				world_work_later();
			}
			assert_int_equal(world.module_refs, 1);
			ending = endings[e];
			world_work_later();
			assert_int_equal(world.module_refs, 0);
			assert_null(world.delayed);
			/* the consumer doesn't know yet */
			assert_int_equal(cca_rmi_delegate_range(own, size), -EEXIST);
			assert_int_equal(cca_rmi_undelegate_range(own, size, &done), 0);
			assert_int_equal(done, size);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			assert_int_equal(cca_rmi_delegate_range(own, size), 0);
			assert_int_equal(cca_rmi_undelegate_range(own, size, &done), 0);
			assert_available(2 * GB);
			free_own_pages(own, own_end);
			unload();
		}
}

static void undelegation_that_does_not_end(void **state)
{
	static const enum ending endings[] = { ENDS_WELL, ENDS_HALF, ENDS_BADLY,
					       ENDS_BADLY_AFTER_HALF, ENDS_BLOCKED };
	const u64 size = own_end - own;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++)
		for (unsigned int e = 0; e < ARRAY_SIZE(endings); e++) {
			size_t done;

			begin_with(dialects[d], RMI_GRANULE_RANGE_UNDELEGATE);
			for (int i = 0; i < 3; i++) {
				assert_int_equal(cca_rmi_undelegate_range(own, size, &done),
						 -EBUSY);
				assert_int_equal(done, 0);
				assert_int_equal(world.module_refs, 1);
				assert_non_null(world.delayed);
				assert_int_equal(cca_rmi_delegate_range(own, PAGE), -EEXIST);
				assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), -EBUSY);
				assert_non_null(world.delayed);
				world_work_later();
			}
			ending = endings[e];
			world_work_later();
			assert_int_equal(world.module_refs, 0);
			assert_null(world.delayed);
			assert_int_equal(cca_rmi_delegate_range(own, size), -EEXIST);
			assert_int_equal(cca_rmi_undelegate_range(own, size, &done), 0);
			assert_int_equal(done, size);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), 0);
			assert_int_equal(world_pm(PM_POST_HIBERNATION), 0);
			assert_available(2 * GB);
			free_own_pages(own, own_end);
			unload();
		}
}

static void work_later_meanwhile(u64 x[5])
{
	begin_and_end(x);
	if (world.going_online && world.delayed)
		world_meanwhile(world_work_later);
}

/* Who tries again while memory is covered doesn't wait for that, and comes again */
static void another_try_waits_for_nobody(void **state)
{
	size_t done;

	(void)state;
	begin_with(RMM_DIALECT_BETA3, RMI_GRANULE_RANGE_DELEGATE);
	assert_int_equal(cca_rmi_delegate_range(own, own_end - own), -ENOTRECOVERABLE);
	world.smc = work_later_meanwhile;
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_non_null(world.delayed);
	ending = ENDS_WELL;
	world_work_later();
	assert_null(world.delayed);
	assert_int_equal(cca_rmi_undelegate_range(own, own_end - own, &done), 0);
	free_own_pages(own, own_end);
	unload();
}

static unsigned int claims;

/* Another call of the same consumer's comes between the look at the pages and the claim */
static void claim_first(void)
{
	if (--claims)
		return;
	world.spun = NULL;
	assert_true(pagebits_claim(own, own_end, true));
}

static void pages_that_another_call_has(void **state)
{
	unsigned int before;
	size_t done = 77;

	(void)state;
	make_paid(RMM_DIALECT_BETA3, "eager", 0);
	load();
	own_pages(own, own_end);
	assert_int_equal(cca_rmi_delegate_range(own, own_end - own), 0);
	/* once each page was looked at, and once more, after the first, for how many there are */
	claims = 2 * (own_end - own) / PAGE + 1;
	world.spun = claim_first;
	assert_int_equal(cca_rmi_undelegate_range(own, own_end - own, &done), -EBUSY);
	assert_null(world.spun);
	assert_int_equal(done, 0);
	assert_int_equal(pagebits_check(own, own_end), -EBUSY);
	assert_int_equal(rmm_delegated(world.rmm), own_end - own);
	pagebits_settle(own, own_end, true);
	/* Nobody waits for a CPU until a large range is looked through */
	before = world.reschedules;
	assert_int_equal(pagebits_check(own, own_end), 0);
	assert_int_equal(world.reschedules - before, (own_end - own) / PAGE);
	assert_int_equal(cca_rmi_undelegate_range(own, own_end - own, &done), 0);
	assert_int_equal(done, own_end - own);
	free_own_pages(own, own_end);
	unload();
}

/* One that ends in an error before anybody has to wait: each page is asked back on its own */
static void operations_that_fail_at_once(void **state)
{
	static const enum ending endings[] = { ENDS_BADLY, ENDS_BADLY_AFTER_HALF };
	const u64 size = own_end - own;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++)
		for (unsigned int e = 0; e < ARRAY_SIZE(endings); e++) {
			size_t done;

			begin_with(dialects[d], RMI_GRANULE_RANGE_DELEGATE);
			ending = endings[e];
			assert_int_equal(cca_rmi_delegate_range(own, size), -EIO);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			assert_int_equal(cca_rmi_undelegate_range(own, size, &done), -EINVAL);
			/* all of it is the consumer's again, who tries once more */
			assert_int_equal(cca_rmi_delegate_range(own, size), 0);
			begin_fid = RMI_GRANULE_RANGE_UNDELEGATE;
			assert_int_equal(cca_rmi_undelegate_range(own, size, &done), -EIO);
			assert_int_equal(done, 0);
			assert_int_equal(cca_rmi_delegate_range(own, size), -EEXIST);
			assert_int_equal(cca_rmi_undelegate_range(own, size, &done), 0);
			assert_int_equal(done, size);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			free_own_pages(own, own_end);
			unload();
		}
}

/*
 * One that ends BLOCKED says that it has done nothing. If the command is refused when it starts
 * anew, each page is asked back, since it may have done something.
 */
static void operations_that_end_blocked(void **state)
{
	static const enum ending endings[] = { ENDS_BLOCKED, ENDS_BLOCKED_AFTER_HALF };
	static const u64 flags[] = { RMM_FLAG_SKIPS_DONE, 0 };
	const u64 size = own_end - own;
	size_t done;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++)
		for (unsigned int e = 0; e < ARRAY_SIZE(endings); e++)
			for (unsigned int f = 0; f < ARRAY_SIZE(flags); f++) {
				const bool refused = endings[e] == ENDS_BLOCKED_AFTER_HALF &&
						     !flags[f];

				begin_on(dialects[d], flags[f], RMI_GRANULE_RANGE_DELEGATE);
				ending = endings[e];
				assert_int_equal(cca_rmi_delegate_range(own, size),
						 refused ? -EIO : 0);
				assert_int_equal(rmm_delegated(world.rmm), refused ? 0 : size);
				if (refused)
					assert_int_equal(cca_rmi_delegate_range(own, size), 0);
				begin_fid = RMI_GRANULE_RANGE_UNDELEGATE;
				ending = ENDS_BLOCKED;
				assert_int_equal(cca_rmi_undelegate_range(own, size, &done), 0);
				assert_int_equal(done, size);
				assert_int_equal(rmm_delegated(world.rmm), 0);
				free_own_pages(own, own_end);
				unload();
			}
}

/* A command that reaches this page ends before it, and one that begins there is answered so */
static void refuse_at(u64 page, u64 answer, u64 x[5])
{
	if (x[1] < page && x[2] > page)
		x[2] = page;
	if (x[1] != page)
		return;
	x[0] = answer;
	world.smc_done = true;
}

/* Then it gets further, and refuses a page: what lies behind that is as it was */
static void refuse_later(u64 x[5])
{
	const u64 page = own + 20 * PAGE;

	begin_and_end(x);
	if (begin_fid || world.smc_done)
		return;
	assert_true(x[0] != RMI_GRANULE_RANGE_UNDELEGATE || x[2] <= page);
	if (x[0] == RMI_GRANULE_RANGE_DELEGATE)
		refuse_at(page, RMI_ERROR_INPUT, x);
}

static void a_refusal_behind_what_was_blocked(void **state)
{
	size_t done;

	(void)state;
	begin_with(RMM_DIALECT_BETA3, RMI_GRANULE_RANGE_DELEGATE);
	ending = ENDS_BLOCKED;
	world.smc = refuse_later;
	assert_int_equal(cca_rmi_delegate_range(own, own_end - own), -EIO);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	world.smc = NULL;
	assert_int_equal(cca_rmi_delegate_range(own, own_end - own), 0);
	assert_int_equal(cca_rmi_undelegate_range(own, own_end - own, &done), 0);
	free_own_pages(own, own_end);
	unload();
}

/* Some come back and some don't: the consumer asks for all, until it has them */
static void refuse_two(u64 x[5])
{
	const bool back = x[0] == RMI_GRANULE_RANGE_UNDELEGATE;

	if (odd_count && (back || x[0] == RMI_GRANULE_RANGE_DELEGATE))
		refuse_at(own + (back ? 3 : 20) * PAGE, odd_answer, x);
}

static void a_delegation_that_cannot_be_undone(void **state)
{
	static const u64 answers[] = { RMI_ERROR_INPUT, RMI_BUSY, RMI_BLOCKED };
	const u64 size = own_end - own;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++)
		for (unsigned int a = 0; a < ARRAY_SIZE(answers); a++) {
			size_t done;

			begin_with(dialects[d], RMI_GRANULE_RANGE_DELEGATE);
			world.smc = refuse_two;
			odd_answer = answers[a];
			odd_count = 1;
			assert_int_equal(cca_rmi_delegate_range(own, size), -ENOTRECOVERABLE);
			assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), -EBUSY);
			/* none of it may be delegated before the consumer has asked for it */
			assert_int_equal(cca_rmi_delegate_range(own, PAGE), -EEXIST);
			assert_int_equal(cca_rmi_delegate_range(own_end - PAGE, PAGE), -EEXIST);
			assert_int_equal(cca_rmi_undelegate_range(own, size, &done),
					 answers[a] == RMI_ERROR_INPUT ? -EIO : -ETIMEDOUT);
			assert_int_equal(done, 3 * PAGE);
			odd_count = 0;
			assert_int_equal(cca_rmi_undelegate_range(own + done, size - done, &done),
					 0);
			assert_int_equal(done, size - 3 * PAGE);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			assert_int_equal(cca_rmi_undelegate_range(own, size, &done), -EINVAL);
			assert_int_equal(cca_rmi_delegate_range(own, size), 0);
			assert_int_equal(cca_rmi_undelegate_range(own, size, &done), 0);
			free_own_pages(own, own_end);
			unload();
		}
}

/*
 * An answer about whose page it is that makes no sense: nobody asks any more, and nothing is freed
 */
static void an_odd_end_of_an_operation(void **state)
{
	const u64 size = own_end - own;
	size_t done;
	u64 calls;

	(void)state;
	for (unsigned int late = 0; late < 2; late++) {
		begin_with(RMM_DIALECT_BETA3, RMI_GRANULE_RANGE_DELEGATE);
		ending = late ? PENDING : ENDS_ODDLY;
		assert_int_equal(cca_rmi_delegate_range(own, size), -ENOTRECOVERABLE);
		ending = ENDS_ODDLY;
		if (late)
			world_work_later();
		assert_file("reason", "bad-answer");
		calls = world.smcs;
		assert_int_equal(cca_rmi_undelegate_range(own, size, &done), -EBUSY);
		assert_int_equal(done, 0);
		assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), -EBUSY);
		assert_file("reason", "bad-answer");
		assert_int_equal(cca_rmi_delegate_range(own_end, PAGE), -ENODEV);
		assert_int_equal(world.smcs, calls);
		assert_int_equal(world.module_refs, 0);
		calls = guards();
		shim_module_exit();
		world_end_with(2 * PRICE / PAGE + calls + size / PAGE, 2 * PRICE);
	}
}

/* A page that never was delegated, in memory whose bits are there and in memory that isn't there */
static void undelegation_of_what_is_not_delegated(void **state)
{
	const u64 at = GB + 512 * MB;
	size_t done = 77;
	u64 calls;

	(void)state;
	make_paid(RMM_DIALECT_BETA3, "eager", 0);
	load();
	calls = world.smcs;
	assert_int_equal(cca_rmi_undelegate_range(at, PAGE, &done), -EINVAL);
	assert_int_equal(done, 0);
	assert_int_equal(cca_rmi_ensure_range(at, PAGE), 0);
	done = 77;
	assert_int_equal(cca_rmi_undelegate_range(at, PAGE, &done), -EINVAL);
	assert_int_equal(done, 0);
	done = 77;
	assert_int_equal(cca_rmi_undelegate_range(64 * GB, PAGE, &done), -EINVAL);
	assert_int_equal(done, 0);
	/* wherever, and however much */
	assert_int_equal(cca_rmi_undelegate_range(at, 1024 * GB, &done), -EINVAL);
	assert_int_equal(cca_rmi_undelegate_range((1ULL << 52) - PAGE, PAGE, &done), -EINVAL);
	assert_int_equal(cca_rmi_undelegate_range((1ULL << 52) - PAGE, 2 * PAGE, &done), -EINVAL);
	assert_int_equal(cca_rmi_undelegate_range(~0ULL - 2 * PAGE + 1, PAGE, &done), -EINVAL);
	assert_int_equal(done, 0);
	assert_int_equal(world.smcs, calls);
	unload();
}

/* Who is waited for, and who waits ------------------------------------------------------------- */

static u64 busy_until;

static void busy_for_a_while(u64 x[5])
{
	if (world.now_ns < busy_until) {
		x[0] = RMI_BUSY;
		world.smc_done = true;
	}
}

static void busy_in_operations(u64 x[5])
{
	if (x[0] == RMI_OP_MEM_DONATE || x[0] == RMI_OP_CONTINUE || x[0] == RMI_OP_CANCEL ||
	    x[0] == RMI_OP_MEM_RECLAIM)
		busy_for_a_while(x);
}

/* BUSY for twice the timeout, at any of its commands: the next one is served */
static void a_busy_rmm_serves_the_next_one(void **state)
{
	size_t done;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)
		for (unsigned int inside = 0; inside < 2; inside++) {
			int rc;

			make_paid(paid[d], "lazy", 0);
			assert_int_equal(shim_set_timeout_ms("100"), 0);
			load();
			own_pages(own, own_end);
			world.smc = inside ? busy_in_operations : busy_for_a_while;
			busy_until = world.now_ns + 200 * 1000000ULL;
			rc = cca_rmi_delegate_range(own, own_end - own);
			assert_true(rc == -ETIMEDOUT || rc == -EBUSY);
			assert_true(inside || rc == -ETIMEDOUT);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			/* Realms can be had for all that */
			assert_file("available", "1");
			world.now_ns = max(world.now_ns, busy_until);
			assert_int_equal(cca_rmi_delegate_range(own, own_end - own), 0);
			assert_int_equal(rmm_operations(world.rmm), 0);
			assert_int_equal(world.module_refs, 0);
			assert_int_equal(cca_rmi_undelegate_range(own, own_end - own, &done), 0);
			free_own_pages(own, own_end);
			unload();
		}
}

/* The first region that becomes FINE needn't be the one that is wanted: that may be full */
static void lazy_memory_that_is_full_is_paid_from_elsewhere(void **state)
{
	const u64 at = 2 * GB;
	size_t done;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		describe(paid[d]);
		machine.flags = HOST_PAYS;
		make(12);
		world_ram(at, at + 64 * PAGE, true);
		assert_int_equal(shim_set_cover("lazy"), 0);
		load();
		own_pages(at, at + 64 * PAGE);
		assert_int_equal(cca_rmi_delegate_range(at, 64 * PAGE), 0);
		assert_int_equal(rmm_donated(world.rmm), 2 * PRICE);
		assert_int_equal(rmm_operations(world.rmm), 0);
		/* nor are others kept from what they want */
		assert_int_equal(cca_rmi_ensure_range(GB, GB), 0);
		assert_int_equal(cca_rmi_undelegate_range(at, 64 * PAGE, &done), 0);
		free_own_pages(at, at + 64 * PAGE);
		unload();
	}
}

/* Without GPT_INFO, one PAR's table is tried; whatever that made is undone */
static void lazy_load_finds_out_about_tables(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA1);
	machine.flags = HOST_PAYS;
	machine.nr_faults = 1;
	machine.fault[0] = (struct rmm_fault){
		.fid = RMI_GPT_L1_CREATE, .count = ~0ULL, .set = 1, .x = { RMI_ERROR_GLOBAL }
	};
	make(12);
	assert_int_equal(shim_set_cover("lazy"), 0);
	load();
	assert_unavailable("no-gpt", "0x40000000-0x80000000 can't have a level 1 table");
	unload();
	/* an RMM whose tables are the platform's says so, and isn't asked twice */
	describe(RMM_DIALECT_BETA1);
	machine.flags = RMM_FLAG_HOST_PAYS;
	make(12);
	world_ram(2 * GB, 3 * GB, true);
	assert_int_equal(shim_set_cover("lazy"), 0);
	load();
	assert_file("available", "1");
	assert_int_equal(rmm_commands(world.rmm, RMI_GPT_L1_CREATE), 1);
	assert_int_equal(rmm_commands(world.rmm, RMI_GPT_L1_DESTROY), 0);
	assert_donated(0);
	unload();
	/* no memory for one */
	describe(RMM_DIALECT_BETA1);
	machine.flags = HOST_PAYS;
	make(12);
	assert_int_equal(shim_set_cover("lazy"), 0);
	world.no_pages = true;
	load();
	assert_file("reason", "no-memory");
	assert_donated(0);
	unload();
}

static unsigned int looked;

static u64 never_ends;		/* CREATE for this PAR begins, and is BUSY until this is 0 */

static void create_does_not_end(u64 x[5])
{
	const bool begins = x[0] == RMI_GPT_L1_CREATE && x[1] == never_ends;

	if (!begins && (x[0] != RMI_OP_CONTINUE || x[1] != HANDLE))
		return;
	x[0] = begins ? RMI_INCOMPLETE : never_ends ? RMI_BUSY : RMI_ERROR_INPUT;
	x[1] = HANDLE;
	world.smc_done = true;
}

#define REGION	(32 * MB)	/* of pages of 16 KB */

/* With cover=lazy the second PAR has a table; CREATE for the first one begins and doesn't end */
static void make_second_par(void)
{
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	world_make(&machine, 14);
	world_ram(GB, 3 * GB, true);
	shim_set_cover("lazy");
	load();
	assert_int_equal(shim_set_timeout_ms("5"), 0);
	world.pages_from = 2 * GB;
	assert_int_equal(cca_rmi_ensure_range(2 * GB, REGION), 0);
	world.smc = create_does_not_end;
	never_ends = GB;
}

/* The chunk that is to pay comes from the PAR whose table doesn't end */
static void lazy_payment_that_does_not_end(void **state)
{
	(void)state;
	make_second_par();
	world.pages_from = GB;
	assert_int_equal(cca_rmi_ensure_range(2 * GB + REGION, 8 * REGION), -EBUSY);
	assert_int_equal(world.module_refs, 1);
	assert_non_null(world.delayed);
	never_ends = 0;
	world_work_later();
	assert_int_equal(world.module_refs, 0);
	world.smc = NULL;
	assert_int_equal(cca_rmi_ensure_range(2 * GB + REGION, 8 * REGION), 0);
	assert_lent();
	unload();
}

/* The next transaction ends what an earlier one couldn't, also where it has no use for it */
static void unfinished_is_ended_by_the_next_one(void **state)
{
	(void)state;
	make_second_par();
	assert_int_equal(cca_rmi_ensure_range(GB, REGION), -EBUSY);
	assert_int_equal(world.module_refs, 1);
	never_ends = 0;
	assert_int_equal(cca_rmi_ensure_range(2 * GB + REGION, REGION), 0);
	assert_int_equal(world.module_refs, 0);
	world.smc = NULL;
	assert_lent();
	unload();
}

static void tracking_is_busy(u64 x[5])
{
	if (x[0] != RMI_GRANULE_TRACKING_GET)
		return;
	x[0] = RMI_BUSY;
	world.smc_done = true;
}

/*
 * Memory has gone online that the RMM was too busy for. A hibernation that is refused, since a
 * consumer has a page, has all memory looked at again.
 */
static void missed_memory_is_covered_at_last(void **state)
{
	const u64 late = 3 * GB;
	size_t done;

	(void)state;
	make_paid(RMM_DIALECT_BETA3, "eager", 0);
	world_ram(late, late + WORLD_BLOCK, false);
	load();
	assert_int_equal(shim_set_timeout_ms("5"), 0);
	own_pages(own, own_end);
	assert_int_equal(cca_rmi_delegate_range(own, own_end - own), 0);
	world.ram[world.nr_ram - 1].online = true;
	world.smc = tracking_is_busy;
	assert_int_equal(world_event(MEM_ONLINE, late, late + WORLD_BLOCK), 0);
	assert_file("available", "0");
	assert_file("reason", "no-answer");
	world.smc = NULL;
	assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), -EBUSY);
	assert_available(2 * GB + WORLD_BLOCK);
	assert_int_equal(cca_rmi_undelegate_range(own, own_end - own, &done), 0);
	free_own_pages(own, own_end);
	unload();
}

/* In the middle of a transaction of others, whose lock is held */
static void look_around(u64 x[5])
{
	static const char *const files[] = {
		"available",	  "reason",	  "detail",	"revision",
		"rmm_state",	  "granule_size", "l0gpt_size", "memory_covered",
		"memory_donated", "memory_lost",  "smc_calls",
	};

	(void)x;
	if (!world.locks_held)
		return;
	looked++;
	assert_int_equal(cca_rmi_ensure_range(own, own_end - own), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		assert_non_null(world_read(files[i]));
	assert_string_not_equal(world_debug("donated"), "");
	assert_non_null(world_debug("commands"));
}

/* ... and delegates meanwhile */
static void delegate_around(u64 x[5])
{
	static bool inside;
	const u64 held = world.locks_held;
	u64 asked[5];
	size_t done;

	if (!world.locks_held || inside)
		return;
	inside = true;
	memcpy(asked, x, sizeof(asked));
	/* as another CPU would: this one's locks are not its */
	world.locks_held = 0;
	assert_int_equal(cca_rmi_delegate_range(own, own_end - own), 0);
	assert_int_equal(cca_rmi_undelegate_range(own, own_end - own, &done), 0);
	world.locks_held = held;
	world.smc_done = false;
	memcpy(x, asked, sizeof(asked));
	looked++;
	inside = false;
}

static void readers_do_not_wait_for_commands(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)
		for (unsigned int delegate = 0; delegate < 2; delegate++) {
			make_paid(paid[d], "eager", 0);
			load();
			own_pages(own, own_end);
			assert_int_equal(cca_rmi_ensure_range(own, own_end - own), 0);
			world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
			looked = 0;
			world.smc = delegate ? delegate_around : look_around;
			assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
			assert_int_equal(world_offline(3 * GB, 3 * GB + WORLD_BLOCK), 0);
			assert_true(looked > 10);
			world.smc = NULL;
			free_own_pages(own, own_end);
			unload();
		}
}

/* Granules that are taken ---------------------------------------------------------------------- */

#define MANY	1100

static phys_addr_t granule[MANY];

/* They are all different, marked, with the RMM, and nothing else is */
static void assert_taken(unsigned int nr)
{
	assert_int_equal(rmm_delegated(world.rmm), nr * PAGE);
	assert_int_equal(ledger_has("taken"), nr * PAGE);
	for (unsigned int i = 0; i < nr; i++) {
		assert_int_equal(pfn_to_page(PHYS_PFN(granule[i]))->flags,
				 PAGE_TAKEN | PAGE_MARKED | PAGE_WITH_RMM);
		for (unsigned int k = 0; k < i && nr < 100; k++)
			assert_int_not_equal(granule[i], granule[k]);
	}
	assert_lent();
}

static void shuffle(unsigned int nr)
{
	static u64 seed = 1;

	for (unsigned int i = nr - 1; i; i--) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		swap(granule[i], granule[(seed >> 33) % (i + 1)]);
	}
}

/*
 * In any order and in any pieces: the shim sees to it that no page before one that is out is
 * Linux's
 */
static void granules_are_taken_and_returned(void **state)
{
	static const unsigned int pieces[] = { 1, 3, 50, 2, 200, 100 };

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++)
		for (unsigned int c = 0; c < 2; c++)
			for (int round = 0; round < 5; round++) {
				unsigned int taken = 0;
				u64 out;

				make_paid(dialects[d], "eager", c ? RMM_FLAG_CONTINUES : 0);
				load();
				out = world.pages_out;
				for (unsigned int i = 0; i < ARRAY_SIZE(pieces); i++) {
					assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE,
									       pieces[i],
									       granule + taken),
							 0);
					taken += pieces[i];
					assert_taken(taken);
				}
				if (round)
					shuffle(taken);
				while (taken) {
					const unsigned int nr = min(taken, 1U + taken % 7);

					taken -= nr;
					assert_int_equal(
						cca_rmi_return_granules(granule + taken, nr), 0);
					assert_taken(taken);
				}
				assert_int_equal(world.pages_out, out);
				assert_int_equal(ledger_has("open"), 0);
				assert_available(2 * GB);
				assert_null(world.delayed);
				unload();
			}
}

/* As many blocks of 2 MB as there can be, in order and aligned; the rest is single granules */
static void blocks_are_aligned(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++) {
		make_paid(dialects[d], "eager", 0);
		load();
		assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, MANY, granule), 0);
		assert_taken(MANY);
		for (unsigned int i = 0; i < 1024; i++)
			assert_int_equal(granule[i], ALIGN_DOWN(granule[i / 512 * 512], 2 * MB) +
							     i % 512 * PAGE);
		assert_int_equal(cca_rmi_return_granules(granule, MANY), 0);
		assert_int_equal(rmm_delegated(world.rmm), 0);
		unload();
	}
}

static void granules_are_of_the_node(void **state)
{
	static phys_addr_t other[600];

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++) {
		describe(dialects[d]);
		machine.flags = d ? HOST_PAYS : 0;
		make(12);
		world_ram(2 * GB, 3 * GB, true);
		world.node_bytes = GB;
		load();
		assert_int_equal(cca_rmi_take_granules(0, 600, granule), 0);
		assert_int_equal(cca_rmi_take_granules(1, 600, other), 0);
		for (unsigned int i = 0; i < 600; i++) {
			assert_int_equal(pfn_to_nid(PHYS_PFN(granule[i])), 0);
			assert_int_equal(pfn_to_nid(PHYS_PFN(other[i])), 1);
		}
		assert_int_equal(cca_rmi_return_granules(other, 600), 0);
		assert_int_equal(cca_rmi_return_granules(granule, 600), 0);
		unload();
	}
}

static void lazy_granules_are_paid_for(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		make_paid(paid[d], "lazy", 0);
		load();
		assert_donated(0);
		assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 5, granule), 0);
		assert_taken(5);
		assert_int_equal(rmm_donated(world.rmm), PRICE);
		assert_available(GB);
		assert_int_equal(cca_rmi_return_granules(granule, 5), 0);
		assert_donated(PRICE);
		assert_held();
		unload();
	}
}

static void nothing_is_taken_in_part(void **state)
{
	unsigned int n, failed = 0;
	u64 out;

	(void)state;
	/* from each of the first allocations on, they fail */
	for (unsigned int lazy = 0; lazy < 2; lazy++)
		for (n = 1; n < 80; n += 1 + n / 8) {
			int rc;

			make_paid(RMM_DIALECT_BETA3, lazy ? "lazy" : "eager", 0);
			load();
			out = world.pages_out;
			world.fail_alloc = n;
			world.fail_rest = true;
			rc = cca_rmi_take_granules(NUMA_NO_NODE, MANY, granule);
			world.fail_rest = false;
			if (world.fail_alloc > 1) {
				assert_int_equal(rc, 0);
				assert_int_equal(cca_rmi_return_granules(granule, MANY), 0);
				unload();
				break;
			}
			world.fail_alloc = 0;
			if (rc) {
				assert_int_equal(rc, -ENOMEM);
				assert_int_equal(rmm_delegated(world.rmm), 0);
				assert_int_equal(ledger_has("open") + ledger_has("taken"), 0);
				if (!lazy)
					assert_int_equal(world.pages_out, out);
				failed++;
				rc = cca_rmi_take_granules(NUMA_NO_NODE, MANY, granule);
			}
			assert_int_equal(rc, 0);
			assert_int_equal(cca_rmi_return_granules(granule, MANY), 0);
			unload();
		}
	assert_true(failed > 4);
	/* no memory at all */
	make_paid(RMM_DIALECT_BETA3, "eager", 0);
	load();
	world.no_pages = true;
	assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 1, granule), -ENOMEM);
	assert_held();
	assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 0, granule), -EINVAL);
	unload();
	/* no RMM */
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_ABSENT;
	make(12);
	load();
	assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 1, granule), -ENODEV);
	unload();
}

/*
 * What the RMM refuses to delegate, and doesn't undelegate either, is somebody's: others are taken
 */
static void refused_granules_are_replaced(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)
		for (unsigned int i = 0; i < 40; i += 13) {
			make_paid(paid[d], "eager", 0);
			load();
			assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 40, granule), 0);
			odd_page = granule[i];
			assert_int_equal(cca_rmi_return_granules(granule, 40), 0);
			world.smc = answer_oddly;
			odd_fid = RMI_GRANULE_RANGE_DELEGATE;
			odd_answer = RMI_ERROR_INPUT;
			odd_count = ~0U;
			assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 40, granule), 0);
			for (unsigned int k = 0; k < 40; k++)
				assert_int_not_equal(granule[k], odd_page);
			assert_number("memory_lost", PAGE);
			assert_int_equal(rmm_delegated(world.rmm), 40 * PAGE);
			assert_int_equal(cca_rmi_return_granules(granule, 40), 0);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			assert_available(2 * GB);
			shim_module_exit();
			/* the page, its guard, and nothing that was to be taken */
			assert_int_equal(world.pages_out, 2);
			world_end_with(2, 0);
		}
}

/* An RMM that refuses all is asked a few times only */
static unsigned int refusals;

static void refuse_all(u64 x[5])
{
	if (x[0] != RMI_GRANULE_RANGE_DELEGATE || !odd_count)
		return;
	refusals++;
	x[0] = odd_answer;
	world.smc_done = true;
}

static void all_granules_are_refused(void **state)
{
	static const struct {
		u64 answer;
		int rc;
	} answers[] = {
		/* in a region that isn't tracked, no single granule is anybody else's */
		{ RMI_ERROR_TRACKING, -EIO }, { RMI_ERROR_GPT, -EIO },
		{ RMI_BUSY, -ETIMEDOUT }, { RMI_BLOCKED, -ETIMEDOUT },
	};

	(void)state;
	for (unsigned int a = 0; a < ARRAY_SIZE(answers); a++) {
		u64 calls;

		make_paid(RMM_DIALECT_BETA3, "eager", 0);
		load();
		assert_int_equal(shim_set_timeout_ms("5"), 0);
		world.smc = refuse_all;
		odd_answer = answers[a].answer;
		odd_count = 1;
		refusals = 0;
		calls = world.smcs;
		assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 300, granule), answers[a].rc);
		assert_true(world.smcs - calls < 1000);
		/* eight may be somebody's, the next one is one too many */
		if (answers[a].rc == -EIO)
			assert_int_equal(refusals, 9);
		assert_held();
		assert_donated(2 * PRICE);
		odd_count = 0;
		assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 300, granule), 0);
		assert_int_equal(cca_rmi_return_granules(granule, 300), 0);
		unload();
	}
}

/* Nothing changes if one of them isn't a granule that was taken */
static void returned_granules_are_checked(void **state)
{
	const u64 bad[] = { GB, GB + 1, ~0ULL, ~0ULL - PAGE + 1, 0, 64 * GB };
	u64 calls, region = 0, start, end;
	char kind[16];

	(void)state;
	make_paid(RMM_DIALECT_BETA3, "eager", RMM_FLAG_SKIPS_DONE);
	load();
	for (const char *p = world_debug("donated"); *p; p = strchr(p, '\n') + 1)
		if (sscanf(p, "0x%llx-0x%llx %15s", &start, &end, kind) == 3 &&
		    !strcmp(kind, "region"))
			region = start;
	assert_true(region);
	assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 4, granule), 0);
	calls = world.smcs;
	assert_int_equal(cca_rmi_return_granules(granule, 0), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		granule[4] = bad[i];
		assert_int_equal(cca_rmi_return_granules(granule, 5), -EINVAL);
	}
	granule[4] = region;
	assert_int_equal(cca_rmi_return_granules(granule, 5), -EINVAL);
	granule[4] = granule[0] + 8;
	assert_int_equal(cca_rmi_return_granules(granule, 5), -EINVAL);
	granule[4] = granule[0] - PAGE;		/* its guard */
	assert_int_equal(cca_rmi_return_granules(granule, 5), -EINVAL);
	assert_int_equal(world.smcs, calls);
	assert_taken(4);
	assert_int_equal(cca_rmi_return_granules(granule, 4), 0);
	/* twice */
	assert_int_equal(cca_rmi_return_granules(granule, 4), -EINVAL);
	assert_int_equal(cca_rmi_return_granules(granule, 1), -EINVAL);
	unload();
}

/* Some are lost as they come back; the others can be taken again */
static void granules_that_do_not_come_back(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		make_paid(paid[d], "eager", 0);
		load();
		assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 20, granule), 0);
		world.smc = answer_oddly;
		odd_fid = RMI_GRANULE_RANGE_UNDELEGATE;
		odd_page = granule[7];
		odd_answer = RMI_ERROR_INPUT;
		odd_count = ~0U;
		assert_int_equal(cca_rmi_return_granules(granule, 20), -EBUSY);
		assert_number("memory_lost", PAGE);
		assert_int_equal(rmm_delegated(world.rmm), PAGE);
		/* it isn't anybody's */
		assert_int_equal(cca_rmi_return_granules(granule + 7, 1), -EINVAL);
		assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 120, granule), 0);
		assert_int_equal(rmm_delegated(world.rmm), 121 * PAGE);
		assert_int_equal(cca_rmi_return_granules(granule, 120), 0);
		assert_available(2 * GB);
		shim_module_exit();
		assert_int_equal(rmm_delegated(world.rmm), PAGE);
		/* its region and table stay, too, with what pays for them */
		world_end_with(world.pages_out, rmm_donated(world.rmm) + PAGE);
	}
}

/* BUSY as they come back: they are ours, and it is tried again until it is done */
static void granules_that_come_back_later(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++)
		for (unsigned int late = 0; late < 2; late++) {
			make_paid(dialects[d], "eager", 0);
			load();
			assert_int_equal(shim_set_timeout_ms("5"), 0);
			assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 20, granule), 0);
			world.smc = answer_oddly;
			odd_fid = RMI_GRANULE_RANGE_UNDELEGATE;
			odd_page = granule[late ? 19 : 7];
			odd_answer = RMI_BUSY;
			odd_count = ~0U;
			assert_int_equal(cca_rmi_return_granules(granule + 5, 15), -EBUSY);
			assert_int_equal(cca_rmi_return_granules(granule + 7, 1), -EINVAL);
			assert_non_null(world.delayed);
			world_work_later();
			assert_non_null(world.delayed);
			odd_count = 0;
			world_work_later();
			assert_null(world.delayed);
			assert_taken(5);
			/*
			 * there is a hole in the chunk now: what lies behind it has no guard of
			 * ours
			 */
			assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 115, granule + 5), 0);
			assert_taken(120);
			assert_int_equal(cca_rmi_return_granules(granule, 120), 0);
			assert_held();
			unload();
		}
}

/* As with pages of one's own, but these are in the ledger */
static void granules_whose_command_does_not_end(void **state)
{
	static const enum ending endings[] = { ENDS_WELL, ENDS_HALF, ENDS_BADLY,
					       ENDS_BADLY_AFTER_HALF, ENDS_BLOCKED };

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++)
		for (unsigned int e = 0; e < ARRAY_SIZE(endings); e++)
			for (unsigned int back = 0; back < 2; back++) {
				begin_with(dialects[d], back ? RMI_GRANULE_RANGE_UNDELEGATE :
							       RMI_GRANULE_RANGE_DELEGATE);
				begin_fid = 0;
				if (back)
					assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 30,
									       granule), 0);
				begin_fid = back ? RMI_GRANULE_RANGE_UNDELEGATE :
						   RMI_GRANULE_RANGE_DELEGATE;
				assert_int_equal(back ? cca_rmi_return_granules(granule, 30) :
							cca_rmi_take_granules(NUMA_NO_NODE, 30,
									      granule), -EBUSY);
				assert_int_equal(world.module_refs, 1);
				assert_int_equal(ledger_has("changing"), 30 * PAGE);
				/* it goes on with others */
				assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 9, granule),
						 0);
				assert_non_null(world.delayed);
				world_work_later();
				assert_int_equal(ledger_has("changing"), 30 * PAGE);
				ending = endings[e];
				world_work_later();
				assert_int_equal(world.module_refs, 0);
				assert_null(world.delayed);
				assert_int_equal(ledger_has("changing") + ledger_has("ready"), 0);
				assert_file("memory_lost", "0");
				assert_int_equal(cca_rmi_return_granules(granule, 9), 0);
				if (back) {
					size_t done;

					assert_int_equal(
						cca_rmi_undelegate_range(own, own_end - own, &done),
						0);
				}
				assert_int_equal(rmm_delegated(world.rmm), 0);
				assert_available(2 * GB);
				free_own_pages(own, own_end);
				assert_held();
				unload();
			}
}

/* A block with a consumer's page in it stays online: the kernel would read what it moves */
static void memory_of_consumers_stays_online(void **state)
{
	const u64 at = 3 * GB, end = 3 * GB + WORLD_BLOCK;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++) {
		size_t done;
		u64 calls;

		make_paid(dialects[d], "eager", 0);
		load();
		world_ram(at, end, false);
		assert_int_equal(world_online(at, end), 0);
		own_pages(at + MB, at + MB + PAGE);
		assert_int_equal(cca_rmi_delegate_range(at + MB, PAGE), 0);
		calls = world.smcs;
		assert_int_equal(world_event(MEM_GOING_OFFLINE, at, end), -EBUSY);
		assert_int_equal(world_event(MEM_CANCEL_OFFLINE, at, end), 0);
		assert_int_equal(world.smcs, calls);
		assert_notice("0xc0000000-0xc8000000 must stay: refused");
		assert_non_null(strstr(world.log, "(0xc0000000-0xc8000000 stays with a consumer)"));
		assert_int_equal(cca_rmi_undelegate_range(at + MB, PAGE, &done), 0);
		free_own_pages(at + MB, at + MB + PAGE);
		/* likewise for one that was taken, where boot memory is full */
		world.pages_from = at;
		world.no_contig = true;
		assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 1, granule), 0);
		assert_in_range(granule[0], at, end - 1);
		calls = world.smcs;
		assert_int_equal(world_offline(at, end), -EBUSY);
		assert_int_equal(world.smcs, calls);
		assert_notice("stays with a consumer");
		assert_available(2 * GB + WORLD_BLOCK);
		assert_taken(1);
		world.no_contig = false;
		world.pages_from = 0;
		assert_int_equal(cca_rmi_return_granules(granule, 1), 0);
		assert_int_equal(world_offline(at, end), 0);
		assert_available(2 * GB);
		unload();
	}
}

/*
 * The pages that are left to a consumer keep the RMM from giving back their region and table, which
 * is said
 */
static void pages_left_delegated_keep_their_metadata(void **state)
{
	const u64 at = GB + 512 * MB;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		u64 left;

		make_paid(paid[d], "lazy", 0);
		load();
		own_pages(at, at + PAGE);
		assert_int_equal(cca_rmi_delegate_range(at, PAGE), 0);
		left = guards();
		shim_module_exit();
		assert_non_null(strstr(world.log, "the RMM keeps 1152 KB, and 2 tracking regions"));
		assert_non_null(
			strstr(world.log, "1152 KB of memory remain with the RMM until reboot"));
		assert_non_null(strstr(world.log, "don't kexec"));
		assert_int_equal(rmm_donated(world.rmm), PRICE);
		assert_true(rmm_is_active(world.rmm));
		world_end_with(PRICE / PAGE + left + 1, PRICE + PAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lazy_load_pays_nothing),
		cmocka_unit_test(lazy_delegation_pays_for_what_it_needs),
		cmocka_unit_test(lazy_hot_add_is_not_paid),
		cmocka_unit_test(lazy_memory_that_leaves_is_paid_again_when_wanted),
		cmocka_unit_test(lazy_delegation_without_memory_changes_nothing),
		cmocka_unit_test(cover_parameter_is_checked),
		cmocka_unit_test(eager_memory_needs_nothing),
		cmocka_unit_test(arguments_are_checked),
		cmocka_unit_test(nothing_without_an_rmm),
		cmocka_unit_test(consumers_bits_decide),
		cmocka_unit_test(nobody_has_our_pages),
		cmocka_unit_test(delegation_is_all_or_nothing),
		cmocka_unit_test(undelegation_tells_how_far_it_came),
		cmocka_unit_test(delegation_that_does_not_end),
		cmocka_unit_test(undelegation_that_does_not_end),
		cmocka_unit_test(another_try_waits_for_nobody),
		cmocka_unit_test(lazy_payment_that_does_not_end),
		cmocka_unit_test(unfinished_is_ended_by_the_next_one),
		cmocka_unit_test(missed_memory_is_covered_at_last),
		cmocka_unit_test(pages_that_another_call_has),
		cmocka_unit_test(operations_that_fail_at_once),
		cmocka_unit_test(operations_that_end_blocked),
		cmocka_unit_test(a_refusal_behind_what_was_blocked),
		cmocka_unit_test(a_delegation_that_cannot_be_undone),
		cmocka_unit_test(an_odd_end_of_an_operation),
		cmocka_unit_test(undelegation_of_what_is_not_delegated),
		cmocka_unit_test(a_busy_rmm_serves_the_next_one),
		cmocka_unit_test(lazy_memory_that_is_full_is_paid_from_elsewhere),
		cmocka_unit_test(lazy_load_finds_out_about_tables),
		cmocka_unit_test(readers_do_not_wait_for_commands),
		cmocka_unit_test(granules_are_taken_and_returned),
		cmocka_unit_test(blocks_are_aligned),
		cmocka_unit_test(granules_are_of_the_node),
		cmocka_unit_test(lazy_granules_are_paid_for),
		cmocka_unit_test(nothing_is_taken_in_part),
		cmocka_unit_test(refused_granules_are_replaced),
		cmocka_unit_test(all_granules_are_refused),
		cmocka_unit_test(returned_granules_are_checked),
		cmocka_unit_test(granules_that_do_not_come_back),
		cmocka_unit_test(granules_that_come_back_later),
		cmocka_unit_test(granules_whose_command_does_not_end),
		cmocka_unit_test(memory_of_consumers_stays_online),
		cmocka_unit_test(pages_left_delegated_keep_their_metadata),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("consumers", tests, NULL, NULL);
}
