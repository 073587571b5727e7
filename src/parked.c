// SPDX-License-Identifier: GPL-2.0-only
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>

#include "../include/rmi_abi.h"
#include "exchange.h"
#include "make.h"
#include "parked.h"
#include "ranges.h"
#include "record.h"
#include "region.h"
#include "rmm.h"
#include "sro.h"
#include "undo.h"
#include "walk.h"

/**
 * parked_any() - how many operations have begun and not ended?
 *
 * Context: any; under cover_lock.
 * Return: their number.
 */
unsigned int parked_any(void)
{
	struct rmi_regs command;
	unsigned int n = 0;

	while (sro_unfinished(n, &command))
		n++;
	return n + exchange_unfinished();
}

static void resume(const struct rmi_regs *command)
{
	struct verdict unused;

	if (command->x[0] == RMI_RMM_ACTIVATE)
		rmm_activate(&unused);
	else if (command->x[0] == RMI_GPT_L1_CREATE ||
		 (command->x[0] == RMI_GRANULE_TRACKING_SET && command->x[3] == RMI_TRACKING_FINE))
		make_resume(command, &record_view()->online);
	else
		undo_resume(command);
}

/**
 * parked_resume() - try to end all of them, as long as the RMM lets one end
 *
 * What one of them makes or undoes is in the record then. One that remains unfinished is the last
 * of them then, so that each comes once; and where that took a whole patience, the others wait for
 * the next time.
 *
 * Context: may sleep, allocates; under cover_lock.
 */
void parked_resume(void)
{
	struct rmi_regs command;
	unsigned int n = 0, before;

	walk_open(WALK_UNDO, rmi_timeout_ms());
	exchange_resume();
	while (sro_unfinished(n, &command))
		n++;
	for (; n && sro_unfinished(0, &command) && !walk_is_over(); n--) {
		before = parked_any();
		resume(&command);
		walk_note(parked_any() < before ? 0 : -EBUSY);
	}
}

static bool undoes(const struct rmi_regs *command, const struct ranges *ram)
{
	const u64 base = command->x[1];
	struct span part;

	if (command->x[0] == RMI_GPT_L1_DESTROY)
		return ranges_next(ram, base, base + rmm_session()->l0gpt_size, &part);
	return command->x[0] == RMI_GRANULE_TRACKING_SET && command->x[3] != RMI_TRACKING_FINE &&
	       ranges_next(ram, base, region_at(base).end, &part);
}

/**
 * parked_clear() - nothing that is unfinished is to uncover this memory later
 * @ram: the memory
 * @why: set on error
 *
 * An RMM may say of a region that it is FINE while a change to another state is under way.
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0; -EBUSY if what covers some of it is still being undone.
 */
int parked_clear(const struct ranges *ram, struct verdict *why)
{
	struct rmi_regs command;
	unsigned int i;

	if (parked_any())
		parked_resume();
	for (i = 0; sro_unfinished(i, &command); i++)
		if (undoes(&command, ram))
			return verdict_set(why, REASON_UNFINISHED, "%s %#llx",
					   rmi_name(command.x[0]), command.x[1]);
	return 0;
}

static unsigned int left_to_undo(void)
{
	return record_view()->nr + parked_any();
}

/**
 * parked_undo_all() - undo all that was made, and end all that has begun
 * @patience_ms: for how long nothing may come back
 *
 * What an operation lacked to end may have come back since, and an RMM whose operations don't end
 * is waited for. Nothing new is begun then.
 *
 * Context: may sleep, allocates; under cover_lock.
 */
void parked_undo_all(unsigned int patience_ms)
{
	unsigned long give_up = jiffies + msecs_to_jiffies(patience_ms);
	unsigned int before;

	parked_resume();
	undo_to(0, patience_ms);
	while (parked_any() && time_before(jiffies, give_up)) {
		before = left_to_undo();
		parked_resume();
		if (left_to_undo() == before) {
			usleep_range(1000, 2000);
			continue;
		}
		undo_to(0, patience_ms);
		give_up = jiffies + msecs_to_jiffies(patience_ms);
	}
}
