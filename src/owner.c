// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

#include "compat.h"
#include "owner.h"

enum answer {
	NOBODY,		/* there is no such function */
	NO,
	YES,
};

static enum answer ask(const char *name)
{
	enum answer answer;
	bool (*question)(void);

	question = __symbol_get(name);
	if (!question)
		return NOBODY;
	answer = question() ? YES : NO;
	__symbol_put(name);
	return answer;
}

/**
 * owner_kernel_driver() - what has this kernel's own driver made of the RMM?
 *
 * It is asked by the two functions that it exports. A driver that is configured and doesn't answer,
 * or answers to one question alone, may have the RMM: it is taken to have it.
 *
 * Context: may sleep.
 * Return: the answer, which holds until reboot.
 */
enum kernel_driver owner_kernel_driver(void)
{
	const enum answer active = ask("is_rmm_active"), available = ask("is_rmi_available");

	if (active == NOBODY && available == NOBODY && !compat_has_rmi_driver())
		return KERNEL_DRIVER_ABSENT;
	if (active == NOBODY || available != NO)
		return KERNEL_DRIVER_AVAILABLE;
	return active == YES ? KERNEL_DRIVER_STUCK : KERNEL_DRIVER_GAVE_UP;
}

/**
 * owner_word() - who has the RMM, as sysfs shows it
 * @owner: who
 *
 * Context: any.
 * Return: a constant word.
 */
const char *owner_word(enum rmm_owner owner)
{
	static const char * const words[] = {
		[RMM_OWNER_NONE] = "none",
		[RMM_OWNER_THIS_MODULE] = "this-module",
		[RMM_OWNER_KERNEL] = "kernel",
		[RMM_OWNER_ADOPTED] = "adopted",
	};

	return words[owner];
}

/**
 * owner_kernel_driver_word() - what became of the kernel's own driver, as sysfs shows it
 * @driver: that
 *
 * Context: any.
 * Return: a constant word.
 */
const char *owner_kernel_driver_word(enum kernel_driver driver)
{
	static const char * const words[] = {
		[KERNEL_DRIVER_ABSENT] = "absent",
		[KERNEL_DRIVER_AVAILABLE] = "available",
		[KERNEL_DRIVER_GAVE_UP] = "gave-up",
		[KERNEL_DRIVER_STUCK] = "stuck",
	};

	return words[driver];
}
