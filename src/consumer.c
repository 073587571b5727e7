// SPDX-License-Identifier: GPL-2.0-only
/* What other kernel modules call; ../include/arm_cca_rmi.h says what it does. */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../include/arm_cca_rmi.h"
#include "../include/rmi_abi.h"
#include "cover.h"
#include "exchange.h"
#include "granule.h"
#include "ledger.h"
#include "pagebits.h"
#include "proved.h"
#include "ranges.h"
#include "realm.h"
#include "record.h"
#include "rmm.h"
#include "smc.h"
#include "take.h"
#include "update.h"
#include "walk.h"

/* No physical address of the architecture's has more bits */
#define PA_BITS		52

/* Who may not sleep is done soon: a level 1 block of 4 KB pages, which KVM maps at the most */
#define ATOMIC_MOST	SZ_1G

static bool is_range(phys_addr_t phys, size_t size)
{
	return size && PAGE_ALIGNED(phys) && PAGE_ALIGNED(size) && phys + size > phys &&
	       phys + size <= BIT_ULL(PA_BITS);
}

int cca_rmi_ensure_range(phys_addr_t phys, size_t size)
{
	struct verdict why;
	int rc;

	if (!is_range(phys, size))
		return -EINVAL;
	if (!cca_rmi_is_available())
		return -ENODEV;
	rc = cover_ensure_paid(phys, phys + size, &why);
	if (rc == -ESHUTDOWN)
		return -ENODEV;
	rc = rc ?: pagebits_prepare(phys, phys + size) ?: granule_reserve();
	if (rc)
		return rc;
	pagebits_usable(phys, phys + size);
	/*
	 * Cover that is undone is first taken from the record, then from the bits. Where that
	 * happened before they were set here, the record tells.
	 */
	if (record_is_covered(phys, phys + size))
		return 0;
	pagebits_unusable(phys, phys + size);
	return -ENODEV;
}
EXPORT_SYMBOL_GPL(cca_rmi_ensure_range);

/* What came of a command that was issued outside of a transaction */
static int follow_up(int rc)
{
	if (rc == -EBUSY || rc == -ENOTRECOVERABLE || update_is_to_be_looked_at())
		cover_retry_later();
	if (rmi_latched(NULL))
		record_publish();
	return rc;
}

int cca_rmi_delegate_range(phys_addr_t phys, size_t size)
{
	const u64 end = phys + size;
	struct span ours;
	int rc;

	rc = cca_rmi_ensure_range(phys, size);
	if (rc)
		return rc;
	/* Before the RMM is asked: some say SUCCESS to delegating what is delegated already */
	if (ledger_next(phys, end, &ours) || !pagebits_claim(phys, end, false))
		return -EEXIST;
	/*
	 * Who releases everything looks at what is claimed after saying so. It may all have been
	 * over before this was claimed, and the RMM not be there again.
	 */
	if (walk_is_released() || !record_is_covered(phys, end)) {
		pagebits_settle(phys, end, false);
		return -ENODEV;
	}
	return follow_up(exchange_delegate_foreign(phys, end));
}
EXPORT_SYMBOL_GPL(cca_rmi_delegate_range);

int cca_rmi_delegate_range_atomic(phys_addr_t phys, size_t size, size_t *done)
{
	const u64 end = phys + size;
	u64 reached;
	int rc;

	*done = 0;
	if (!is_range(phys, size) || size > ATOMIC_MOST)
		return -EINVAL;
	if (!cca_rmi_is_available())
		return -ENODEV;
	rc = pagebits_claim_atomic(phys, end);
	if (rc)
		return rc;
	/* Who releases everything looks at what is claimed after saying so */
	if (walk_is_released())
		rc = -ENODEV;
	else if (ledger_has_marked(phys, end))
		rc = -EEXIST;
	if (rc) {
		pagebits_settle(phys, end, false);
		return rc;
	}
	rc = exchange_delegate_atomic(phys, end, &reached);
	*done = reached - phys;
	/* That also publishes what was found out */
	if (rc == -EINPROGRESS || rc == -ENOTRECOVERABLE)
		cover_retry_later();
	return rc;
}
EXPORT_SYMBOL_GPL(cca_rmi_delegate_range_atomic);

int cca_rmi_undelegate_range(phys_addr_t phys, size_t size, size_t *done)
{
	const u64 end = phys + size;
	u64 at = phys, top;
	struct span ours;
	int rc;

	*done = 0;
	if (!is_range(phys, size) || ledger_next(phys, end, &ours))
		return -EINVAL;
	rc = pagebits_check(phys, end);
	while (!rc && at < end) {
		top = pagebits_next_run(&at, end);
		/* Unless another call of the consumer's has them */
		if (at < top && pagebits_claim(at, top, true))
			rc = exchange_undelegate_foreign(at, top, &at);
		else if (at < end)
			rc = -EBUSY;
	}
	*done = at - phys;
	return follow_up(rc);
}
EXPORT_SYMBOL_GPL(cca_rmi_undelegate_range);

int cca_rmi_take_granules(int nid, unsigned int nr, phys_addr_t *granule)
{
	if (!nr)
		return -EINVAL;
	if (!cca_rmi_is_available())
		return -ENODEV;
	return take_granules(nid, nr, granule);
}
EXPORT_SYMBOL_GPL(cca_rmi_take_granules);

int cca_rmi_return_granules(const phys_addr_t *granule, unsigned int nr)
{
	return take_back(granule, nr);
}
EXPORT_SYMBOL_GPL(cca_rmi_return_granules);

int cca_rmi_run(struct cca_rmi_regs *regs, const bool *stop)
{
	struct rmi_regs r;
	int rc;

	static_assert(sizeof(r.x) == sizeof(regs->x));
	memcpy(r.x, regs->x, sizeof(r.x));
	rc = realm_run(&r, stop);
	memcpy(regs->x, r.x, sizeof(r.x));
	return rc;
}
EXPORT_SYMBOL_GPL(cca_rmi_run);

int cca_rmi_rec_enter(phys_addr_t rec, phys_addr_t run, u64 *result)
{
	struct rmi_regs r = { .x = { RMI_REC_ENTER, rec, run } };
	int rc;

	/* The RMM may be another one by then, or nobody */
	if (walk_is_released())
		return -ENODEV;
	rc = rmi_call_atomic(&r);
	*result = r.x[0];
	return rc;
}
EXPORT_SYMBOL_GPL(cca_rmi_rec_enter);

u64 cca_rmi_feature_register(unsigned int index)
{
	struct rmm_session rmm;

	rmm_copy_session(&rmm);
	return index < ARRAY_SIZE(rmm.features) ? rmm.features[index] : 0;
}
EXPORT_SYMBOL_GPL(cca_rmi_feature_register);

u64 cca_rmi_set_proved(u64 proof, enum cca_rmi_proved outcome)
{
	return proved_set(proof, outcome);
}
EXPORT_SYMBOL_GPL(cca_rmi_set_proved);
