// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for the RMI driver that is built into Linux from 7.4 on, on kernels that have none: it
 * is asked by the same two functions, and does at load what that one does at boot. It configures
 * and activates the RMM, and verifies; where anything is missing, it gives up and deactivates it.
 * An RMM that was active before isn't its own. While it has the RMM, it checks memory that goes
 * online, but for that of ZONE_MOVABLE, and refuses hibernation. With "keeps", it has a page
 * delegated as long as it is loaded.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/arm-smccc.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/suspend.h>

#include "rmi_abi.h"

#define NR_FEATURES	5

static bool keeps;
module_param(keeps, bool, 0);
MODULE_PARM_DESC(keeps, "have a page delegated");

static bool active, available;
static u64 par_size, pa_end;
static struct page *kept;

bool is_rmm_active(void);
bool is_rmi_available(void);

bool is_rmm_active(void)
{
	return active;
}
EXPORT_SYMBOL_GPL(is_rmm_active);

bool is_rmi_available(void)
{
	return available;
}
EXPORT_SYMBOL_GPL(is_rmi_available);

/* An operation wants no memory here: else it isn't what this driver is for */
static struct arm_smccc_res rmi(u32 fid, u64 x1, u64 x2)
{
	struct arm_smccc_res res;
	u64 handle;

	arm_smccc_1_1_smc(fid, x1, x2, 0, 0, &res);
	handle = res.a1;
	while ((s64)res.a0 >= 0 && RMI_RESULT_STATUS(res.a0) == RMI_INCOMPLETE &&
	       !RMI_RESULT_MEM_REQ(res.a0))
		arm_smccc_1_1_smc(RMI_OP_CONTINUE, handle, RMI_OP_CONTINUE_GO, 0, 0, &res);
	return res;
}

static bool is_fine(u64 start, u64 end)
{
	struct arm_smccc_res res;

	for (; start < end; start = res.a3) {
		res = rmi(RMI_GRANULE_TRACKING_GET, start, end);
		if (res.a0 || res.a1 != RMI_MEM_CATEGORY_CONVENTIONAL ||
		    res.a2 != RMI_TRACKING_FINE || res.a3 <= start)
			return false;
	}
	return true;
}

static bool has_tables(u64 start, u64 end)
{
	struct arm_smccc_res res;

	end = min(ALIGN(end, par_size), pa_end);
	for (start = ALIGN_DOWN(start, par_size); start < end; start = res.a1) {
		res = rmi(RMI_GPT_INFO, start, end);
		if (res.a0 || res.a2 != RMI_PAR_PLATFORM || res.a1 <= start)
			return false;
	}
	return true;
}

static int verify(struct resource *res, void *arg)
{
	const u64 start = PFN_PHYS(PFN_UP(res->start)), end = PFN_PHYS(PFN_DOWN(res->end + 1));

	return start < end && !(is_fine(start, end) && has_tables(start, end));
}

static int memory_event(struct notifier_block *nb, unsigned long action, void *arg)
{
	const struct memory_notify *mem = arg;
	const u64 start = PFN_PHYS(mem->start_pfn), end = start + PFN_PHYS(mem->nr_pages);

	if (action != MEM_GOING_ONLINE || is_zone_movable_page(pfn_to_page(mem->start_pfn)))
		return NOTIFY_OK;
	if (is_fine(start, end) && has_tables(start, end))
		return NOTIFY_OK;
	pr_info("refuses memory\n");
	return notifier_from_errno(-EINVAL);
}

static struct notifier_block memory_nb = {
	.notifier_call = memory_event,
};

/* The one in the kernel is asked before any notifier is called */
static int pm_event(struct notifier_block *nb, unsigned long action, void *arg)
{
	return action == PM_HIBERNATION_PREPARE ? notifier_from_errno(-EBUSY) : NOTIFY_DONE;
}

static struct notifier_block pm_nb = {
	.notifier_call = pm_event,
	.priority = INT_MAX,
};

static bool configure(void)
{
	__le64 *page = (__le64 *)get_zeroed_page(GFP_KERNEL | GFP_DMA);
	bool done;

	if (!page)
		return false;
	page[RMI_CONFIG_GRANULE_SIZE / sizeof(*page)] =
		cpu_to_le64(PAGE_SIZE == SZ_4K ? RMI_GRANULE_SIZE_4K : RMI_GRANULE_SIZE_16K);
	done = !rmi(RMI_RMM_CONFIG_SET, virt_to_phys(page), 0).a0;
	free_page((unsigned long)page);
	return done;
}

static bool start(void)
{
	static const u8 pa_bits[] = { 32, 36, 40, 42, 44, 48, 52, 52 };
	struct arm_smccc_res res = rmi(RMI_VERSION, RMI_REVISION_WANTED, 0);
	unsigned int i;

	if (res.a0)
		return false;
	for (i = 0; i < NR_FEATURES; i++) {
		res = rmi(RMI_FEATURES, i, 0);
		if (res.a0)
			return false;
		if (i != 1)
			continue;
		par_size = BIT_ULL(RMI_L0GPTSZ_BASE_SHIFT + RMI_FEATURE1_L0GPTSZ(res.a1));
		pa_end = BIT_ULL(pa_bits[RMI_FEATURE1_PPS(res.a1)]);
	}
	if (!configure()) {
		pr_info("RMM config set failed\n");
		return false;
	}
	active = !rmi(RMI_RMM_ACTIVATE, 0, 0).a0;
	return active;
}

static void stop(void)
{
	active = rmi(RMI_RMM_DEACTIVATE, 0, 0).a0;
	/* There, a warning of the kernel's */
	if (active)
		pr_info("the RMM stays active\n");
}

static bool exchange(u32 fid)
{
	const u64 pa = page_to_phys(kept);

	return !rmi(fid, pa, pa + PAGE_SIZE).a0;
}

static void keep_page(void)
{
	kept = alloc_page(GFP_KERNEL);
	if (!kept || !exchange(RMI_GRANULE_RANGE_DELEGATE))
		pr_err("no page could be delegated\n");
}

static int __init standin_init(void)
{
	if (!start())
		return 0;
	/* Of all boot memory, whatever zone it is in; as -EINVAL where there is none */
	if (walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1,
				NULL, verify)) {
		pr_info("gives up\n");
		stop();
		return 0;
	}
	available = true;
	if (keeps)
		keep_page();
	return register_memory_notifier(&memory_nb) ?: register_pm_notifier(&pm_nb);
}

/* For tests alone: the one in the kernel stays */
static void __exit standin_exit(void)
{
	if (!available)
		return;
	unregister_pm_notifier(&pm_nb);
	unregister_memory_notifier(&memory_nb);
	if (kept && exchange(RMI_GRANULE_RANGE_UNDELEGATE))
		__free_page(kept);
}

module_init(standin_init);
module_exit(standin_exit);
MODULE_DESCRIPTION("A kernel's own RMI driver, for tests");
MODULE_LICENSE("GPL");
