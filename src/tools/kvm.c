// SPDX-License-Identifier: GPL-2.0-only
/*
 * The number of the capability that says so has moved with each series of patches, and some of
 * these numbers mean something else elsewhere. What hasn't moved is the type of a Realm: so one is
 * made, and closed before anything is in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "file.h"
#include "kvm.h"

#define TYPE_REALM		(1UL << 8)
#define CAP_ARM_VM_IPA_SIZE	165

/* What KVM takes if it isn't told */
#define DEFAULT_IPA_BITS	40

/* Where some kernels have the capability's number */
#define CAPABILITY_FILE		"/sys/module/kvm/parameters/kvm_cap_arm_rmi"

/* 0, or why there is none */
static int make_vm(int kvm, unsigned long type)
{
	const int vm = ioctl(kvm, KVM_CREATE_VM, type);

	if (vm < 0)
		return errno;
	close(vm);
	return 0;
}

static unsigned long ipa_bits_of(int kvm, uint64_t rmm)
{
	const int kvms = ioctl(kvm, KVM_CHECK_EXTENSION, CAP_ARM_VM_IPA_SIZE);
	unsigned long bits = kvms > 0 ? kvms : DEFAULT_IPA_BITS;

	if (bits > DEFAULT_IPA_BITS)
		bits = DEFAULT_IPA_BITS;
	return rmm && rmm < bits ? rmm : bits;
}

static void say_yes(struct kvm_answer *answer)
{
	char number[24];

	answer->yes = true;
	if (file_read(CAPABILITY_FILE, number, sizeof(number)) || !*number)
		snprintf(answer->text, sizeof(answer->text), "yes");
	else
		snprintf(answer->text, sizeof(answer->text), "yes, capability %s", number);
}

static void ask(int kvm, uint64_t ipa_bits, struct kvm_answer *answer)
{
	int error = make_vm(kvm, 0);

	answer->asked = true;
	if (error) {
		snprintf(answer->text, sizeof(answer->text), "no, nor any other machine (%s)",
			 strerror(error));
		return;
	}
	error = make_vm(kvm, TYPE_REALM | ipa_bits_of(kvm, ipa_bits));
	switch (error) {
	case 0:
		say_yes(answer);
		break;
	case EPERM:
		snprintf(answer->text, sizeof(answer->text),
			 "it can, but they aren't available to it now");
		break;
	case EINVAL:
		snprintf(answer->text, sizeof(answer->text), "no, or not now");
		break;
	default:
		snprintf(answer->text, sizeof(answer->text), "not now (%s)", strerror(error));
	}
}

void kvm_ask(uint64_t ipa_bits, struct kvm_answer *answer)
{
	char path[PATH_MAX];
	int kvm;

	memset(answer, 0, sizeof(*answer));
	file_path(path, "/dev/kvm");
	kvm = open(path, O_RDWR | O_CLOEXEC);
	if (kvm < 0) {
		snprintf(answer->text, sizeof(answer->text), "/dev/kvm: %s", strerror(errno));
		return;
	}
	ask(kvm, ipa_bits, answer);
	close(kvm);
}
