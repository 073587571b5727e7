// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../include/rmi_abi.h"
#include "compat.h"
#include "cpus.h"
#include "explain.h"
#include "rmm.h"
#include "transfer.h"

/* RMI granule size code of this kernel's pages */
#define GRANULE_CODE	(PAGE_SIZE == SZ_4K ? RMI_GRANULE_SIZE_4K : \
			 PAGE_SIZE == SZ_16K ? RMI_GRANULE_SIZE_16K : RMI_GRANULE_SIZE_64K)

/* The tracking region size code that this host asks for */
#define REGION_CODE	0

/* What the codes mean, for each granule size; 0: nobody knows */
static u64 region_size_of(u64 code)
{
	static const u64 sizes[][2] = {
		[RMI_GRANULE_SIZE_4K] = { SZ_1G, SZ_2M },
		[RMI_GRANULE_SIZE_16K] = { SZ_32M, 64ULL * SZ_1G },
		[RMI_GRANULE_SIZE_64K] = { SZ_512M, 4096ULL * SZ_1G },
	};

	return code < ARRAY_SIZE(sizes[0]) ? sizes[GRANULE_CODE][code] : 0;
}

static int wrong_revision(u64 low, u64 high, struct verdict *why)
{
	if (low == high)
		return verdict_set(why, REASON_REVISION, "RMM offers %llu.%llu",
				   RMI_REVISION_MAJOR(low), RMI_REVISION_MINOR(low));
	return verdict_set(why, REASON_REVISION, "RMM offers %llu.%llu to %llu.%llu",
			   RMI_REVISION_MAJOR(low), RMI_REVISION_MINOR(low),
			   RMI_REVISION_MAJOR(high), RMI_REVISION_MINOR(high));
}

static int agree_revision(struct rmm_session *s, struct verdict *why)
{
	struct rmi_regs r = { .x = { RMI_VERSION, RMI_REVISION_WANTED } };
	int rc = rmi_call(&r, rmi_timeout_ms());

	if (rc == -EOPNOTSUPP)
		return verdict_set(why, REASON_NO_RMM, "nobody answers RMI_VERSION");
	s->state = RMM_STATE_UNKNOWN;
	if (rc)
		return explain_answer(RMI_VERSION, RMI_REVISION_WANTED, rc, &r, why);
	switch (RMI_RESULT_STATUS(r.x[0])) {
	case RMI_SUCCESS:
		if (r.x[1] != RMI_REVISION_WANTED)
			return wrong_revision(r.x[1], r.x[2], why);
		s->revision = RMI_REVISION_WANTED;
		s->newest = r.x[2];
		return 0;
	case RMI_ERROR_INPUT:
		return wrong_revision(r.x[1], r.x[2], why);
	default:
		return explain_answer(RMI_VERSION, RMI_REVISION_WANTED, 0, &r, why);
	}
}

/**
 * rmm_get_feature() - ask for a feature register
 * @index: which one
 * @value: set, on error to what means nothing
 * @why: set on error
 *
 * Context: may sleep; under cover_lock.
 * Return: 0 or the negative error number of @why.
 */
int rmm_get_feature(u64 index, u64 *value, struct verdict *why)
{
	struct rmi_regs r = { .x = { RMI_FEATURES, index } };
	int rc = rmi_call(&r, rmi_timeout_ms());

	*value = r.x[1];
	if (rc || RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS)
		return explain_answer(RMI_FEATURES, index, rc, &r, why);
	return 0;
}

static int learn_features(struct rmm_session *s, struct verdict *why)
{
	static const u8 pa_bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	u64 feature0, feature1, pps, l0gptsz;
	int rc;

	/* We need nothing of the first one: an RMM need not tell it */
	rc = rmm_get_feature(0, &feature0, why);
	if (rc == -ETIMEDOUT)
		return rc;
	if (!rc) {
		s->features[0] = feature0;
		s->features_known |= BIT_ULL(0);
	}
	rc = rmm_get_feature(1, &feature1, why);
	if (rc)
		return rc;
	s->features[1] = feature1;

	pps = RMI_FEATURE1_PPS(feature1);
	l0gptsz = RMI_FEATURE1_L0GPTSZ(feature1);
	if (pps >= ARRAY_SIZE(pa_bits) ||
	    (l0gptsz != 0 && l0gptsz != 4 && l0gptsz != 6 && l0gptsz != 9))
		return verdict_set(why, REASON_BAD_ANSWER, "RMI_FEATURES 1: %#llx", feature1);
	s->pa_end = BIT_ULL(pa_bits[pps]);
	s->l0gpt_size = BIT_ULL(RMI_L0GPTSZ_BASE_SHIFT + l0gptsz);
	s->features_known |= BIT_ULL(1);

	if (!(feature1 & RMI_FEATURE1_GRANULE(GRANULE_CODE)))
		return verdict_set(
			why, REASON_GRANULE_SIZE, "kernel pages are of %lu KB, RMM offers%s%s%s",
			PAGE_SIZE / SZ_1K,
			feature1 & RMI_FEATURE1_GRANULE(RMI_GRANULE_SIZE_4K) ? " 4" : "",
			feature1 & RMI_FEATURE1_GRANULE(RMI_GRANULE_SIZE_16K) ? " 16" : "",
			feature1 & RMI_FEATURE1_GRANULE(RMI_GRANULE_SIZE_64K) ? " 64" : "");
	return 0;
}

/**
 * rmm_ask() - which revision does the RMM have, and which features?
 * @s: what it says is set
 * @why: set on error
 *
 * Specification: DEN0137, RMI_VERSION, RMI_FEATURES.
 *
 * Context: may sleep; under cover_lock.
 * Return: 0, or the negative error number of @why.
 */
int rmm_ask(struct rmm_session *s, struct verdict *why)
{
	return agree_revision(s, why) ?: learn_features(s, why);
}

/*
 * GPT_INFO came with beta 3. Before that, its number is unknown; since then it is known in every
 * state of the RMM, so that whatever else it answers to address 0 tells the same.
 */
static int learn_dialect(struct rmm_session *s, struct verdict *why)
{
	struct rmi_regs r = { .x = { RMI_GPT_INFO, 0, s->l0gpt_size } };
	struct payer nothing = {};
	int rc = sro_run(&r, &nothing, rmi_timeout_ms());

	s->has_gpt_info = rc != -EOPNOTSUPP;
	transfer_set_dialect(s->has_gpt_info);
	if (rc == -ETIMEDOUT || rc == -EBUSY || rc == -EPROTO)
		return explain_answer(RMI_GPT_INFO, 0, rc, &r, why);
	return 0;
}

/*
 * An RMM that was told of low memory only refuses a page above it. One that is active already may
 * have larger granules than we have pages, and refuses a page that isn't aligned to them; kmalloc()
 * aligns to the size.
 */
static __le64 *alloc_config_page(void)
{
	__le64 *page = kzalloc(SZ_64K, GFP_KERNEL | GFP_DMA | __GFP_NOWARN);

	return page ?: kzalloc(PAGE_SIZE, GFP_KERNEL);
}

/*
 * The RMM has a configuration: that is all right if it suits us. @refusal is what it said to ours,
 * if it was offered one.
 */
static int adopt_config(struct rmm_session *s, __le64 *page, const struct rmi_regs *refusal,
			struct verdict *why)
{
	struct rmi_regs r = { .x = { RMI_RMM_CONFIG_GET, virt_to_phys(page) } };
	u64 granule, region;
	int rc;

	/* what it doesn't write must not look like an answer */
	memset(page, 0xff, RMI_CONFIG_SIZE);
	rc = rmi_call(&r, rmi_timeout_ms());
	if (rc == -ETIMEDOUT || (!refusal && (rc || RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS)))
		return explain_answer(RMI_RMM_CONFIG_GET, virt_to_phys(page), rc, &r, why);
	if (rc || RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS)
		return explain_answer(RMI_RMM_CONFIG_SET, virt_to_phys(page), 0, refusal, why);
	if (refusal)
		s->owner = RMM_OWNER_ADOPTED;
	granule = le64_to_cpu(READ_ONCE(page[RMI_CONFIG_GRANULE_SIZE / sizeof(*page)]));
	region = le64_to_cpu(READ_ONCE(page[RMI_CONFIG_TRACKING_REGION / sizeof(*page)]));
	if (granule != GRANULE_CODE)
		return verdict_set(
			why, REASON_GRANULE_SIZE,
			"kernel pages are of %lu KB, RMM is set to granule size code %llu",
			PAGE_SIZE / SZ_1K, granule);
	s->region_size = region_size_of(region);
	if (!s->region_size)
		return verdict_set(why, REASON_REGION_SIZE,
				   "RMM is set to tracking region size code %llu", region);
	return 0;
}

static int configure_with(struct rmm_session *s, __le64 *page, struct verdict *why)
{
	struct rmi_regs r = { .x = { RMI_RMM_CONFIG_SET, virt_to_phys(page) } };
	int rc;

	if (s->owner == RMM_OWNER_KERNEL)
		return adopt_config(s, page, NULL, why);
	page[RMI_CONFIG_TRACKING_REGION / sizeof(*page)] = cpu_to_le64(REGION_CODE);
	page[RMI_CONFIG_GRANULE_SIZE / sizeof(*page)] = cpu_to_le64(GRANULE_CODE);
	rc = rmi_call(&r, rmi_timeout_ms());
	if (rc)
		return explain_answer(RMI_RMM_CONFIG_SET, virt_to_phys(page), rc, &r, why);
	s->region_size = region_size_of(REGION_CODE);
	if (RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS)
		return adopt_config(s, page, &r, why);
	s->state = RMM_STATE_INIT;
	return 0;
}

static int configure(struct rmm_session *s, struct verdict *why)
{
	__le64 *page = alloc_config_page();
	int rc;

	if (!page)
		return verdict_set(why, REASON_NO_MEMORY, "configuration page of %lu bytes",
				   PAGE_SIZE);
	rc = configure_with(s, page, why);
	kfree(page);
	if (!rc)
		s->granule_size = PAGE_SIZE;
	return rc;
}

/* So many chunks hold more than activation may want */
#define MAX_CHUNKS	128

/* With stock for it, as long as there is some */
static int run_activation(struct rmi_regs *r, struct payer *payer, struct verdict *why)
{
	const struct ranges nowhere = {};
	const struct rmi_regs command = *r;
	struct span chunk;
	int rc, tries;

	for (tries = 0;; tries++) {
		*r = command;
		rc = sro_run(r, payer, rmi_timeout_ms());
		if (rc != -ENOMEM)
			break;
		if (tries == MAX_CHUNKS ||
		    pool_stock(NUMA_NO_NODE, payer->wanted.pages * PAGE_SIZE,
			       payer->wanted.block * PAGE_SIZE, SZ_1G, &nowhere, &chunk)) {
			*r = command;
			if (sro_cancel(r, payer))
				rc = -EBUSY;
			break;
		}
	}
	pool_drain();
	if (rc == -ENOMEM || rc == -ENOSPC)
		return verdict_set(why, REASON_NO_MEMORY, "%s: %llu bytes wanted",
				   rmi_name(command.x[0]), payer->wanted.pages * PAGE_SIZE);
	return rc ? explain_answer(command.x[0], 0, rc, r, why) : 0;
}

/**
 * rmm_activate() - have the RMM active, or go on with an activation that could not be finished
 * @why: set on error
 *
 * Where this kernel's own driver has the RMM, it is active. Others may have activated it, too: an
 * earlier load of this module, that driver before it gave up, the kernel before a kexec. Such an
 * RMM takes no configuration, and says that it is active; one that can't be asked says ERROR_GLOBAL
 * here. One that took the configuration and says that refuses for a reason of its own.
 * Specification: DEN0137, RMI_RMM_ACTIVATE, RMI_RMM_STATE_GET.
 *
 * Context: may sleep; under cover_lock.
 * Return: 0 or the negative error number of @why.
 */
int rmm_activate(struct verdict *why)
{
	struct rmm_session s = *rmm_session();
	struct payer payer = { .kind = LEDGER_RMM, .size = s.pa_end, .limit = SZ_64M };
	struct rmi_regs r = { .x = { RMI_RMM_ACTIVATE } };
	const int active = s.owner == RMM_OWNER_KERNEL ? 1 :
			   s.owner == RMM_OWNER_ADOPTED ? rmm_ask_state() : 0;
	int rc = 0;

	if (active <= 0)
		rc = run_activation(&r, &payer, why);
	if (rc)
		return rc;
	s.lent = payer.lent;
	if (active <= 0 && RMI_RESULT_STATUS(r.x[0]) == RMI_SUCCESS)
		s.owner = RMM_OWNER_THIS_MODULE;
	else if (!active || (active < 0 && RMI_RESULT_STATUS(r.x[0]) != RMI_ERROR_GLOBAL))
		return explain_answer(RMI_RMM_ACTIVATE, 0, 0, &r, why);
	s.state = RMM_STATE_ACTIVE;
	rmm_learn(&s);
	return 0;
}

/**
 * rmm_open() - find the RMM, agree a revision and a granule size, and have it active
 * @why: set on error
 *
 * What was learnt on the way is in rmm_session() then, also on error.
 * Specification: DEN0137, "RMM life cycle", RMI_VERSION, RMI_FEATURES, RMI_RMM_CONFIG_SET,
 * RMI_RMM_ACTIVATE.
 *
 * Context: may sleep; under cover_lock, before anything else calls into this file.
 * Return: 0; or the negative error number of @why (-ENODEV without a usable RMM, -ETIMEDOUT,
 * -ENOMEM, -EBUSY, -EIO, -EPROTO).
 */
int rmm_open(struct verdict *why)
{
	struct rmm_session s = { .kernel_driver = owner_kernel_driver() };
	int rc = 0;

	if (s.kernel_driver == KERNEL_DRIVER_AVAILABLE)
		s.owner = RMM_OWNER_KERNEL;
	rmi_begin_session(s.owner == RMM_OWNER_KERNEL);
	/*
	 * The kernel that crashed lent and delegated what only it has a record of. This one lives
	 * for the minutes of a dump, and starts no Realm.
	 */
	if (compat_is_kdump_kernel())
		rc = verdict_set(why, REASON_CRASH_KERNEL,
				 "this kernel takes the dump of one that crashed");
	else if (!rmi_can_call())
		rc = verdict_set(why, REASON_NO_SMC_CONDUIT,
				 "this kernel is a guest, or its firmware has no SMCCC 1.1");
	rc = rc ?: cpus_check(why);
	rc = rc ?: rmm_ask(&s, why);
	rc = rc ?: learn_dialect(&s, why);
	rc = rc ?: configure(&s, why);
	rmm_learn(&s);
	return rc ?: rmm_activate(why);
}

/**
 * rmm_close() - deactivate the RMM if rmm_open() activated it and the RMM has a way to do that
 *
 * An RMM that still has granules of Realms refuses, and stays active for whoever made these.
 * Specification: DEN0137, RMI_RMM_DEACTIVATE (beta 3).
 *
 * Context: may sleep; under cover_lock.
 */
void rmm_close(void)
{
	struct rmm_session s = *rmm_session();
	struct payer payer = { .kind = LEDGER_RMM, .size = s.pa_end, .lent = s.lent };
	struct rmi_regs r = { .x = { RMI_RMM_DEACTIVATE } };
	int rc;

	if (s.owner != RMM_OWNER_THIS_MODULE || !s.has_gpt_info)
		return;
	rc = sro_run(&r, &payer, rmi_timeout_ms());
	pool_drain();
	s.lent = payer.lent;
	if (!rc && RMI_RESULT_STATUS(r.x[0]) == RMI_SUCCESS) {
		s.state = RMM_STATE_INIT;
		s.owner = RMM_OWNER_NONE;
	}
	rmm_learn(&s);
}
