// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mutex.h>

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
