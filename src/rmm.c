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
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/sysreg.h>

#include "../include/rmi_abi.h"
#include "rmm.h"
#include "sro.h"

static struct rmm_session session;

/* RMI granule size code of this kernel's pages */
#define GRANULE_CODE	(PAGE_SIZE == SZ_4K ? RMI_GRANULE_SIZE_4K : \
			 PAGE_SIZE == SZ_16K ? RMI_GRANULE_SIZE_16K : RMI_GRANULE_SIZE_64K)

/* The tracking region size code that this host asks for, and what it means for each granule size */
#define REGION_CODE	0
#define REGION_SIZE	(PAGE_SIZE == SZ_4K ? SZ_1G : PAGE_SIZE == SZ_16K ? SZ_32M : SZ_512M)

/*
 * An adopted RMM may have another code, whose meaning depends on the implementation. This is the
 * smallest known.
 */
#define REGION_SIZE_MIN	SZ_2M

/**
 * rmm_session() - what is known of the RMM
 *
 * Context: any; but for region_size, it changes only while the module loads and unloads, and around
 * hibernation.
 * Return: the one session there is; never NULL.
 */
const struct rmm_session *rmm_session(void)
{
	return &session;
}

/**
 * rmm_set_region_size() - a tracking region turned out to have another size than was thought
 * @bytes: power of two
 *
 * Context: any, under coverage_lock.
 */
void rmm_set_region_size(u64 bytes)
{
	session.region_size = bytes;
}

/**
 * rmm_see_region_size() - the RMM did something that shows the size of tracking regions to be what
 * is thought
 *
 * Context: any, under coverage_lock.
 */
void rmm_see_region_size(void)
{
	session.region_size_seen = true;
}

/**
 * rmm_state_word() - the RMM's state, as sysfs shows it
 *
 * Context: any.
 * Return: a constant word.
 */
const char *rmm_state_word(void)
{
	static const char * const words[] = {
		[RMM_STATE_NONE] = "none",
		[RMM_STATE_UNKNOWN] = "unknown",
		[RMM_STATE_INIT] = "init",
		[RMM_STATE_ACTIVE] = "active",
	};

	return words[session.state];
}

/**
 * rmm_explain() - the verdict on a command that was neither done nor refused for a reason that its
 * caller knows
 * @fid: the command
 * @addr: its first argument
 * @rc: what rmi_call() or sro_run() returned, 0 included
 * @answer: the answer
 * @why: set
 *
 * Context: any.
 * Return: the negative error number of the verdict.
 */
int rmm_explain(u64 fid, u64 addr, int rc, const struct rmi_regs *answer, struct verdict *why)
{
	const char *name = rmi_name(fid);

	switch (rc) {
	case -ETIMEDOUT:
		return verdict_set(why, REASON_NO_ANSWER, "%s %#llx: %s for %u ms", name, addr,
				   RMI_RESULT_STATUS(answer->x[0]) == RMI_BLOCKED ? "BLOCKED"
										  : "BUSY",
				   rmi_timeout_ms());
	case -EOPNOTSUPP:
		return verdict_set(why, REASON_REFUSED, "%s: not supported", name);
	case -ENOMEM:
		return verdict_set(why, REASON_NO_MEMORY, "%s %#llx asks for memory", name, addr);
	case -EBUSY:
		return verdict_set(why, REASON_UNFINISHED, "%s %#llx", name, addr);
	case -EPROTO:
		return verdict_set(why, REASON_BAD_ANSWER, "%s %#llx doesn't end", name, addr);
	default:
		return verdict_set(why, REASON_REFUSED, "%s %#llx: status %llu", name, addr,
				   RMI_RESULT_STATUS(answer->x[0]));
	}
}

/* The kernel's own, sanitised copy of this register has no RME field. */
static void check_cpu(void *info)
{
	atomic_t *without = info;

	if (!(read_sysreg_s(SYS_ID_AA64PFR0_EL1) & GENMASK_ULL(55, 52)))
		atomic_inc(without);
}

static int check_cpus(struct verdict *why)
{
	atomic_t without = ATOMIC_INIT(0);

	on_each_cpu(check_cpu, &without, 1);
	if (!atomic_read(&without))
		return 0;
	return verdict_set(why, REASON_NO_RME, "%d of %u CPUs without FEAT_RME",
			   atomic_read(&without), num_online_cpus());
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

static int agree_revision(struct verdict *why)
{
	struct rmi_regs r = { .x = { RMI_VERSION, RMI_REVISION_WANTED } };
	int rc = rmi_call(&r);

	if (rc == -EOPNOTSUPP)
		return verdict_set(why, REASON_NO_RMM, "nobody answers RMI_VERSION");
	session.state = RMM_STATE_UNKNOWN;
	if (rc)
		return rmm_explain(RMI_VERSION, RMI_REVISION_WANTED, rc, &r, why);
	switch (RMI_RESULT_STATUS(r.x[0])) {
	case RMI_SUCCESS:
		if (r.x[1] != RMI_REVISION_WANTED)
			return wrong_revision(r.x[1], r.x[2], why);
		session.revision = RMI_REVISION_WANTED;
		return 0;
	case RMI_ERROR_INPUT:
		return wrong_revision(r.x[1], r.x[2], why);
	default:
		return rmm_explain(RMI_VERSION, RMI_REVISION_WANTED, 0, &r, why);
	}
}

static int get_feature(u64 index, u64 *value, struct verdict *why)
{
	struct rmi_regs r = { .x = { RMI_FEATURES, index } };
	int rc = rmi_call(&r);

	*value = r.x[1];
	if (rc || RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS)
		return rmm_explain(RMI_FEATURES, index, rc, &r, why);
	return 0;
}

static int learn_features(struct verdict *why)
{
	static const u8 pa_bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	u64 feature0, feature1, pps, l0gptsz;
	int rc;

	rc = get_feature(0, &feature0, why);
	if (!rc)
		rc = get_feature(1, &feature1, why);
	if (rc)
		return rc;
	pr_debug("features %#llx %#llx\n", feature0, feature1);

	pps = RMI_FEATURE1_PPS(feature1);
	l0gptsz = RMI_FEATURE1_L0GPTSZ(feature1);
	if (pps >= ARRAY_SIZE(pa_bits) ||
	    (l0gptsz != 0 && l0gptsz != 4 && l0gptsz != 6 && l0gptsz != 9))
		return verdict_set(why, REASON_BAD_ANSWER, "RMI_FEATURES 1: %#llx", feature1);
	session.pa_end = BIT_ULL(pa_bits[pps]);
	session.l0gpt_size = BIT_ULL(RMI_L0GPTSZ_BASE_SHIFT + l0gptsz);

	if (!(feature1 & RMI_FEATURE1_GRANULE(GRANULE_CODE)))
		return verdict_set(
			why, REASON_GRANULE_SIZE, "kernel pages are of %lu KB, RMM offers%s%s%s",
			PAGE_SIZE / SZ_1K,
			feature1 & RMI_FEATURE1_GRANULE(RMI_GRANULE_SIZE_4K) ? " 4" : "",
			feature1 & RMI_FEATURE1_GRANULE(RMI_GRANULE_SIZE_16K) ? " 16" : "",
			feature1 & RMI_FEATURE1_GRANULE(RMI_GRANULE_SIZE_64K) ? " 64" : "");
	return 0;
}

/*
 * GPT_INFO came with beta 3. Before that, its number is unknown; since then it is known in every
 * state of the RMM, so that whatever else it answers to address 0 tells the same.
 */
static int learn_dialect(struct verdict *why)
{
	struct rmi_regs r = { .x = { RMI_GPT_INFO, 0, session.l0gpt_size } };
	int rc = sro_run(&r, NULL, NULL);

	session.has_gpt_info = rc != -EOPNOTSUPP;
	sro_set_dialect(session.has_gpt_info);
	if (rc == -ETIMEDOUT || rc == -EBUSY || rc == -EPROTO)
		return rmm_explain(RMI_GPT_INFO, 0, rc, &r, why);
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

/* The RMM refused our configuration: that is all right if it has one that suits us */
static int adopt_config(__le64 *page, const struct rmi_regs *refusal, struct verdict *why)
{
	struct rmi_regs r = { .x = { RMI_RMM_CONFIG_GET, virt_to_phys(page) } };
	u64 granule, region;
	int rc;

	/* what it doesn't write must not look like an answer */
	memset(page, 0xff, RMI_CONFIG_SIZE);
	rc = rmi_call(&r);
	if (rc == -ETIMEDOUT)
		return rmm_explain(RMI_RMM_CONFIG_GET, virt_to_phys(page), rc, &r, why);
	if (rc || RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS)
		return rmm_explain(RMI_RMM_CONFIG_SET, virt_to_phys(page), 0, refusal, why);
	granule = le64_to_cpu(READ_ONCE(page[RMI_CONFIG_GRANULE_SIZE / sizeof(*page)]));
	region = le64_to_cpu(READ_ONCE(page[RMI_CONFIG_TRACKING_REGION / sizeof(*page)]));
	if (granule != GRANULE_CODE)
		return verdict_set(
			why, REASON_GRANULE_SIZE,
			"kernel pages are of %lu KB, RMM is set to granule size code %llu",
			PAGE_SIZE / SZ_1K, granule);
	if (region != REGION_CODE)
		session.region_size = REGION_SIZE_MIN;
	return 0;
}

static int configure_with(__le64 *page, struct verdict *why)
{
	struct rmi_regs r = { .x = { RMI_RMM_CONFIG_SET, virt_to_phys(page) } };
	int rc;

	page[RMI_CONFIG_TRACKING_REGION / sizeof(*page)] = cpu_to_le64(REGION_CODE);
	page[RMI_CONFIG_GRANULE_SIZE / sizeof(*page)] = cpu_to_le64(GRANULE_CODE);
	rc = rmi_call(&r);
	if (rc)
		return rmm_explain(RMI_RMM_CONFIG_SET, virt_to_phys(page), rc, &r, why);
	session.region_size = REGION_SIZE;
	session.adopted = RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS;
	if (session.adopted) {
		rc = adopt_config(page, &r, why);
		if (rc)
			return rc;
	} else {
		session.state = RMM_STATE_INIT;
	}
	session.granule_size = PAGE_SIZE;
	return 0;
}

static int configure(struct verdict *why)
{
	__le64 *page = alloc_config_page();
	int rc;

	if (!page)
		return verdict_set(why, REASON_NO_MEMORY, "configuration page of %lu bytes",
				   PAGE_SIZE);
	rc = configure_with(page, why);
	kfree(page);
	return rc;
}

/*
 * It is active already, by an earlier load of this module, the kernel itself, or the one before a
 * kexec, if it says ERROR_GLOBAL here and took no configuration before. One that took it and says
 * so refuses for a reason of its own.
 */
static int activate(struct verdict *why)
{
	const struct payer payer = {
		.owner = DONOR_RMM,
		.nid = NUMA_NO_NODE,
		.limit = SZ_64M,
		.self = { 0, session.pa_end },
	};
	struct rmi_regs r = { .x = { RMI_RMM_ACTIVATE } };
	u64 wanted = 0;
	int rc = sro_run(&r, &payer, &wanted);

	donor_clear_stock();
	if (rc == -ENOMEM)
		return verdict_set(why, REASON_NO_MEMORY, "%s: %llu bytes wanted",
				   rmi_name(RMI_RMM_ACTIVATE), wanted);
	if (rc)
		return rmm_explain(RMI_RMM_ACTIVATE, 0, rc, &r, why);
	if (RMI_RESULT_STATUS(r.x[0]) == RMI_SUCCESS)
		session.adopted = false;
	else if (RMI_RESULT_STATUS(r.x[0]) != RMI_ERROR_GLOBAL || !session.adopted)
		return rmm_explain(RMI_RMM_ACTIVATE, 0, 0, &r, why);
	session.state = RMM_STATE_ACTIVE;
	return 0;
}

/**
 * rmm_open() - find the RMM, agree a revision and a granule size, and have it active
 * @why: set on error
 *
 * What was learnt on the way stays in rmm_session(), also on error.
 * Specification: DEN0137, "RMM life cycle", RMI_VERSION, RMI_FEATURES, RMI_RMM_CONFIG_SET,
 * RMI_RMM_ACTIVATE.
 *
 * Context: may sleep; module load, before anything else calls into this file.
 * Return: 0; or the negative error number of @why (-ENODEV without a usable RMM, -ETIMEDOUT,
 * -ENOMEM, -EIO, -EPROTO).
 */
int rmm_open(struct verdict *why)
{
	int rc;

	session = (struct rmm_session){};
	if (!rmi_can_call())
		return verdict_set(why, REASON_NO_SMC_CONDUIT,
				   "this kernel is a guest, or its firmware has no SMCCC 1.1");
	rc = check_cpus(why);
	if (!rc)
		rc = agree_revision(why);
	if (!rc)
		rc = learn_features(why);
	if (!rc)
		rc = learn_dialect(why);
	if (!rc)
		rc = configure(why);
	if (!rc)
		rc = activate(why);
	return rc;
}

/**
 * rmm_close() - deactivate the RMM if rmm_open() activated it and the RMM has a way to do that
 *
 * An RMM that still has granules of Realms refuses, and stays active for whoever made these.
 * Specification: DEN0137, RMI_RMM_DEACTIVATE (beta 3).
 *
 * Context: may sleep; module load or unload.
 */
void rmm_close(void)
{
	const struct payer owner = { .owner = DONOR_RMM, .self = { 0, session.pa_end } };
	struct rmi_regs r = { .x = { RMI_RMM_DEACTIVATE } };

	if (session.state != RMM_STATE_ACTIVE || session.adopted || !session.has_gpt_info)
		return;
	if (!sro_run(&r, &owner, NULL) && RMI_RESULT_STATUS(r.x[0]) == RMI_SUCCESS)
		session.state = RMM_STATE_INIT;
}
