// SPDX-License-Identifier: GPL-2.0-only
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "seat.h"

/* A CPU whose REC doesn't come back is waited for so long */
#define GIVE_UP		(10 * HZ)

static int sit(void *data)
{
	struct seat *seat = data;

	seat->rc = seat->run(seat);
	complete_all(&seat->done);
	/* Not out of this module's code before seat_end() knows */
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/**
 * seat_start() - have a REC run on its CPU, while others run on theirs
 * @seat: rec's rec, cpu and stop are set, and index
 * @run: what is done there; returns 0 or a negative error number, which @seat->rc is then
 *
 * Context: may sleep, allocates.
 * Return: 0; -ENOMEM, or as kthread_create(): then there is nothing to be ended.
 */
int seat_start(struct seat *seat, int (*run)(struct seat *seat))
{
	seat->rec.run = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (!seat->rec.run)
		return -ENOMEM;
	seat->run = run;
	init_completion(&seat->done);
	seat->task = kthread_create(sit, seat, "cca_prove/%u", seat->rec.cpu);
	if (IS_ERR(seat->task)) {
		kfree(seat->rec.run);
		return PTR_ERR(seat->task);
	}
	kthread_bind(seat->task, seat->rec.cpu);
	wake_up_process(seat->task);
	return 0;
}

/**
 * seat_end() - wait for the end of what seat_start() started
 * @seat: the seat
 *
 * Context: may sleep.
 * Return: false if its CPU doesn't come back: then nothing that it uses may be freed, this module's
 * code included.
 */
bool seat_end(struct seat *seat)
{
	if (!wait_for_completion_timeout(&seat->done, GIVE_UP))
		return false;
	kthread_stop(seat->task);
	kfree(seat->rec.run);
	return true;
}
