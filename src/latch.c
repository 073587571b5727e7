// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "latch.h"
#include "proved.h"

static DEFINE_SPINLOCK(latch_lock);	/* a leaf; protects the text */
static bool latch;			/* read without the lock */
static char latch_text[RMI_LATCH_SIZE];

/**
 * rmi_latch() - the RMM gave an answer about who holds a page that breaks the interface's rules
 * @fmt: which answer, for people; may hold physical addresses
 *
 * No command is issued any more, so that what is lent stays lent. The first call counts.
 *
 * Context: any but interrupts; takes latch_lock.
 * Return: -EPROTO.
 */
int rmi_latch(const char *fmt, ...)
{
	va_list args;

	spin_lock(&latch_lock);
	if (!latch) {
		va_start(args, fmt);
		vsnprintf(latch_text, sizeof(latch_text), fmt, args);
		va_end(args);
		WRITE_ONCE(latch, true);
		pr_err("the RMM makes no sense and is left alone: %s\n", latch_text);
	}
	spin_unlock(&latch_lock);
	proved_forget();
	return -EPROTO;
}

/**
 * rmi_latched() - was rmi_latch() called in this session?
 * @what: set to its text if so; may be NULL
 *
 * Context: any but interrupts, takes latch_lock; any if @what is NULL.
 * Return: true if so.
 */
bool rmi_latched(char what[RMI_LATCH_SIZE])
{
	if (!READ_ONCE(latch))
		return false;
	if (what) {
		spin_lock(&latch_lock);
		memcpy(what, latch_text, sizeof(latch_text));
		spin_unlock(&latch_lock);
	}
	return true;
}

/**
 * rmi_unlatch() - issue commands again
 *
 * For a kexec, whose kernel does not survive what stays lent.
 *
 * Context: any.
 */
void rmi_unlatch(void)
{
	WRITE_ONCE(latch, false);
}
