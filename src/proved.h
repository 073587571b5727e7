/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether Realms were seen to run on this RMM. */
#ifndef PROVED_H
#define PROVED_H

#include <linux/types.h>

#include "../include/arm_cca_rmi.h"

u64 proved_set(u64 proof, enum cca_rmi_proved outcome);
void proved_forget(void);
const char *proved_word(void);

#endif
