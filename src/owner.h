/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has the RMM: this kernel's own driver (Linux 7.4, CONFIG_ARM_RMM_RMI), or we. */
#ifndef OWNER_H
#define OWNER_H

#include <linux/types.h>

/* What this kernel's own driver has made of the RMM; the order is that of the words in owner.c */
enum kernel_driver {
	KERNEL_DRIVER_ABSENT,
	KERNEL_DRIVER_AVAILABLE,	/* it has the RMM and offers it: look, don't touch */
	KERNEL_DRIVER_GAVE_UP,		/* or there was nothing for it */
	KERNEL_DRIVER_STUCK,		/* it gave up, and the RMM stayed active */
};

enum rmm_owner {
	RMM_OWNER_NONE,			/* nobody has it active */
	RMM_OWNER_THIS_MODULE,		/* we activated it */
	RMM_OWNER_KERNEL,
	RMM_OWNER_ADOPTED,		/* it was active, and nobody says whose it is */
};

enum kernel_driver owner_kernel_driver(void);
const char *owner_word(enum rmm_owner owner);
const char *owner_kernel_driver_word(enum kernel_driver driver);

#endif
