/* SPDX-License-Identifier: GPL-2.0-only */
/* Granules that consumers take from us, delegated and guarded. */
#ifndef TAKE_H
#define TAKE_H

#include <linux/types.h>

int take_granules(int nid, unsigned int nr, phys_addr_t *granule);
int take_stock(unsigned int nr);
void take_settle(void);
int take_back(const phys_addr_t *granule, unsigned int nr);
void take_close(void);

#endif
