// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/mutex.h>

#include "../include/rmi_abi.h"
#include "rmm.h"

/* Copied by readers; swapped whole by rmm_learn(), under cover_lock */
static struct rmm_session session;
static DEFINE_MUTEX(session_lock);	/* a leaf; protects session where cover_lock isn't held */

/**
 * rmm_session() - what is known of the RMM
 *
 * Context: any; under cover_lock.
 * Return: the one session there is; never NULL.
 */
const struct rmm_session *rmm_session(void)
{
	return &session;
}

/**
 * rmm_copy_session() - what is known of the RMM, for those who don't hold cover_lock
 * @copy: set
 *
 * Context: may sleep; takes session_lock.
 */
void rmm_copy_session(struct rmm_session *copy)
{
	mutex_lock(&session_lock);
	*copy = session;
	mutex_unlock(&session_lock);
}

/**
 * rmm_is_kernels() - has this kernel's own driver the RMM?
 *
 * Then nothing of it may be changed: smc.c issues no such command. Memory that was hot-added to
 * ZONE_MOVABLE doesn't matter then: that driver never has Realms use it.
 *
 * Context: any; under cover_lock.
 * Return: true if so.
 */
bool rmm_is_kernels(void)
{
	return session.owner == RMM_OWNER_KERNEL;
}

/**
 * rmm_learn() - from now on this is what is known of the RMM
 * @s: copied
 *
 * Context: may sleep; under cover_lock; takes session_lock.
 */
void rmm_learn(const struct rmm_session *s)
{
	mutex_lock(&session_lock);
	session = *s;
	mutex_unlock(&session_lock);
}

/**
 * rmm_ask_state() - is the RMM active?
 *
 * Before beta 3, the command's number was another one's: such an RMM isn't asked.
 * Specification: DEN0137, RMI_RMM_STATE_GET.
 *
 * Context: may sleep; under cover_lock.
 * Return: 1 if so, else 0; -EOPNOTSUPP if it can't be asked; -ETIMEDOUT or -EPROTO if it doesn't
 * answer; -EIO if it says something else.
 */
int rmm_ask_state(void)
{
	struct rmi_regs r = { .x = { RMI_RMM_STATE_GET } };
	const int rc = session.has_gpt_info ? rmi_call(&r, rmi_timeout_ms()) : -EOPNOTSUPP;

	if (rc)
		return rc;
	if (RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS || RMI_RMM_STATE(r.x[1]) > RMI_RMM_ACTIVE)
		return -EIO;
	return RMI_RMM_STATE(r.x[1]) == RMI_RMM_ACTIVE;
}

/**
 * rmm_state_word() - the RMM's state, as sysfs shows it
 * @state: the state
 *
 * Context: any.
 * Return: a constant word.
 */
const char *rmm_state_word(enum rmm_state state)
{
	static const char * const words[] = {
		[RMM_STATE_NONE] = "none",
		[RMM_STATE_UNKNOWN] = "unknown",
		[RMM_STATE_INIT] = "init",
		[RMM_STATE_ACTIVE] = "active",
	};

	return words[state];
}
