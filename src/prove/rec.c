// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/barrier.h>
#include <asm/daifflags.h>

#include "../../include/arm_cca_rmi.h"
#include "../../include/rmi_abi.h"
#include "../compat.h"
#include "rec.h"

/* An exit for a page that isn't there: the class in ESR, and the address in HPFAR */
#define ESR_CLASS(esr)		((esr) >> 26 & 0x3f)
#define ESR_DATA_ABORT		0x24
#define HPFAR_IPA(hpfar)	(((hpfar) & GENMASK_ULL(43, 4)) << 8)

static enum hrtimer_restart ring(struct hrtimer *unused)
{
	return HRTIMER_NORESTART;
}

static u64 word(const struct prove_rec *rec, unsigned int offset)
{
	return le64_to_cpu(READ_ONCE(((__le64 *)rec->run)[offset / sizeof(__le64)]));
}

/* The RMM may write to the page as long as it is shown to it: what is looked at is a copy */
static void copy_exit(struct prove_rec *rec)
{
	unsigned int i;

	rec->exit = (struct prove_exit){
		.reason = word(rec, RMI_RUN_REASON), .imm = word(rec, RMI_RUN_IMM),
		.esr = word(rec, RMI_RUN_ESR), .hpfar = word(rec, RMI_RUN_HPFAR),
	};
	for (i = 0; i < PROVE_NR_GPRS; i++)
		rec->exit.gpr[i] = word(rec, RMI_RUN_EXIT_GPRS + i * sizeof(u64));
}

/*
 * With interrupts masked first: an interrupt that came before the entry would be gone, and nothing
 * would end a Realm that loops
 */
static int enter_once(struct prove_rec *rec, struct hrtimer *timer, ktime_t deadline)
{
	unsigned long flags;
	int rc;

	preempt_disable();
	if (smp_processor_id() != rec->cpu) {
		preempt_enable();
		return -EXDEV;
	}
	flags = local_daif_save();
	hrtimer_start(timer, deadline, HRTIMER_MODE_ABS_PINNED_HARD);
	pmr_sync();
	rc = cca_rmi_rec_enter(rec->rec, virt_to_phys(rec->run), &rec->result);
	local_daif_restore(flags);
	preempt_enable();
	hrtimer_cancel(timer);
	rec->entries++;
	return rc;
}

static bool is_interrupt(u64 reason)
{
	return reason == RMI_EXIT_IRQ || reason == RMI_EXIT_FIQ;
}

/* 0 if it said something; -ETIME if it may be entered again */
static int attempt(struct prove_rec *rec, struct hrtimer *timer, ktime_t deadline)
{
	int rc;

	if (READ_ONCE(*rec->stop))
		return -EINTR;
	rc = enter_once(rec, timer, deadline);
	if (rc)
		return rc;
	if (RMI_RESULT_STATUS(rec->result) == RMI_BUSY)
		return -ETIME;
	if (RMI_RESULT_STATUS(rec->result) != RMI_SUCCESS)
		return -EIO;
	copy_exit(rec);
	if (!is_interrupt(rec->exit.reason))
		return 0;
	rec->interrupts++;
	return -ETIME;
}

/**
 * prove_rec_run() - run a REC on this CPU until it says something
 * @rec: the REC; exit, result and the counts are set
 * @ms: for how long
 *
 * An interrupt of the host's ends an entry, and proves nothing: the REC is entered again.
 * Specification: DEN0137, RMI_REC_ENTER.
 *
 * Context: may sleep; a thread that is bound to @rec->cpu.
 * Return: 0 with an exit of any other reason; -ETIME if there was none in time; -EINTR if it is to
 * stop; -EXDEV if this is another CPU; -EIO if the RMM refused, see @rec->result; or as
 * cca_rmi_rec_enter().
 */
int prove_rec_run(struct prove_rec *rec, unsigned int ms)
{
	const ktime_t deadline = ktime_add_ms(ktime_get(), ms);
	struct hrtimer timer;
	int rc;

	compat_hrtimer_on_stack(&timer, ring, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_HARD);
	do {
		cond_resched();
		rc = attempt(rec, &timer, deadline);
	} while (rc == -ETIME && ktime_before(ktime_get(), deadline));
	destroy_hrtimer_on_stack(&timer);
	return rc;
}

/**
 * prove_rec_is_fault() - is this exit for a page that isn't there?
 * @exit: the exit
 * @ipa: of the page
 *
 * Context: any.
 * Return: true if so.
 */
bool prove_rec_is_fault(const struct prove_exit *exit, u64 ipa)
{
	return exit->reason == RMI_EXIT_SYNC && ESR_CLASS(exit->esr) == ESR_DATA_ABORT &&
	       HPFAR_IPA(exit->hpfar) == ALIGN_DOWN(ipa, PAGE_SIZE);
}
