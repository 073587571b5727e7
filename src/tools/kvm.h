/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether this kernel's KVM starts Realms. */
#ifndef TOOLS_KVM_H
#define TOOLS_KVM_H

#include <stdbool.h>
#include <stdint.h>

struct kvm_answer {
	bool asked;		/* or there is no KVM here, or none that this user may ask */
	bool yes;
	char text[160];		/* for people */
};

/* At most so many bits of addresses does the RMM let a Realm have; 0: it isn't known */
void kvm_ask(uint64_t ipa_bits, struct kvm_answer *answer);

#endif
