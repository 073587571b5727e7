/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages change between the worlds: those in the ledger, and consumers' own. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "ledger.h"
#include "smc.h"

void exchange_recover_lent(enum ledger_kind kind, u64 payee, bool told);
int exchange_delegate(enum rmi_caller caller, u64 start, u64 end, unsigned int ms);
int exchange_try(u64 granule);
void exchange_lose(u64 start, u64 end);
int exchange_undelegate(u64 start, u64 end, unsigned int ms);
int exchange_delegate_foreign(u64 start, u64 end);
int exchange_delegate_atomic(u64 start, u64 end, u64 *reached);
int exchange_undelegate_foreign(u64 start, u64 end, u64 *reached);
void exchange_resume(void);
unsigned int exchange_unfinished(void);
void exchange_close(void);

#endif
