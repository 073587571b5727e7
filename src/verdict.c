// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "../include/arm_cca_rmi.h"
#include "verdict.h"

/*
 * The words are an interface (/sys/firmware/rmi/reason); the error numbers are what a refused
 * hot-add returns.
 */
static const struct {
	const char *word;
	int err;
} reasons[] = {
	[REASON_OK]			= { "ok", 0 },
	[REASON_CRASH_KERNEL]		= { "crash-kernel", -ENODEV },
	[REASON_NO_SMC_CONDUIT]		= { "no-smc-conduit", -ENODEV },
	[REASON_NO_RME]			= { "no-rme", -ENODEV },
	[REASON_NO_RMM]			= { "no-rmm", -ENODEV },
	[REASON_REVISION]		= { "revision", -ENODEV },
	[REASON_GRANULE_SIZE]		= { "granule-size", -ENODEV },
	[REASON_REGION_SIZE]		= { "region-size", -ENODEV },
	[REASON_NOT_TRACKED]		= { "not-tracked", -ENXIO },
	[REASON_NOT_FINE]		= { "not-fine", -ENXIO },
	[REASON_NOT_CONVENTIONAL]	= { "not-conventional", -ENXIO },
	[REASON_NO_GPT]			= { "no-gpt", -ENXIO },
	[REASON_NO_MEMORY]		= { "no-memory", -ENOMEM },
	[REASON_NO_ANSWER]		= { "no-answer", -ETIMEDOUT },
	[REASON_BLOCKED]		= { "blocked", -ETIMEDOUT },
	[REASON_UNFINISHED]		= { "unfinished", -EBUSY },
	[REASON_REFUSED]		= { "refused", -EIO },
	[REASON_BAD_ANSWER]		= { "bad-answer", -EPROTO },
	[REASON_RELEASED]		= { "released", -ESHUTDOWN },
	[REASON_INTERRUPTED]		= { "interrupted", -EINTR },
};

static_assert(ARRAY_SIZE(reasons) == REASON_COUNT);

/*
 * What the module says to the outside. The lock is a leaf; the reason alone can be read without it.
 */
static DEFINE_MUTEX(published_lock);
static struct verdict published = { .reason = REASON_UNFINISHED,
				    .detail = "the module is loading" };
static void (*listener)(void);

/**
 * verdict_set() - decide, and say why
 * @v: set whole
 * @reason: the word
 * @fmt: the line for people, may hold physical addresses; cut to VERDICT_DETAIL_SIZE - 1 bytes
 *
 * Context: any.
 * Return: 0 for REASON_OK, else the negative error number that belongs to @reason.
 */
int verdict_set(struct verdict *v, enum reason reason, const char *fmt, ...)
{
	va_list args;

	v->reason = reason;
	va_start(args, fmt);
	vsnprintf(v->detail, sizeof(v->detail), fmt, args);
	va_end(args);
	return reasons[reason].err;
}

/**
 * verdict_word() - the word that sysfs shows for a reason
 * @reason: less than REASON_COUNT
 *
 * Context: any.
 * Return: a constant string without white space.
 */
const char *verdict_word(enum reason reason)
{
	return reasons[reason].word;
}

/**
 * verdict_publish() - make a verdict the one that sysfs and cca_rmi_is_available() tell
 * @v: copied
 *
 * Context: may sleep.
 */
void verdict_publish(const struct verdict *v)
{
	bool changes;

	mutex_lock(&published_lock);
	changes = published.reason != v->reason;
	memcpy(published.detail, v->detail, sizeof(published.detail));
	WRITE_ONCE(published.reason, v->reason);
	if (changes && listener)
		listener();
	mutex_unlock(&published_lock);
}

/**
 * verdict_listen() - be told whenever another reason is published
 * @changed: called under the lock that verdict_published() takes, and perhaps under the kernel's
 * hotplug locks; NULL for nobody any more
 *
 * Context: may sleep. Nobody calls the one before any more when this returns.
 */
void verdict_listen(void (*changed)(void))
{
	mutex_lock(&published_lock);
	listener = changed;
	mutex_unlock(&published_lock);
}

/**
 * verdict_published() - what verdict_publish() got last
 * @v: where to copy it
 *
 * Context: may sleep.
 */
void verdict_published(struct verdict *v)
{
	mutex_lock(&published_lock);
	*v = published;
	mutex_unlock(&published_lock);
}

bool cca_rmi_is_available(void)
{
	return READ_ONCE(published.reason) == REASON_OK;
}
EXPORT_SYMBOL_GPL(cca_rmi_is_available);
