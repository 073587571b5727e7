// SPDX-License-Identifier: GPL-2.0-only
#include <crypto/hash.h>
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../include/rmi_abi.h"
#include "measure.h"

/* What extends a measurement: its type, its size, the measurement before, and what is new */
struct descriptor {
	__le64 type, size;
	u8 before[MEASURE_MAX];
	union {
		u8 hash[MEASURE_MAX];		/* of a REC */
		__le64 range[2];		/* of what is RAM */
		struct {
			/* cppcheck-suppress unusedStructMember ; they are, by initializers */
			__le64 ipa, flags;
			u8 hash[MEASURE_MAX];
		} data;
	};
	u8 zero[96];
};

static_assert(sizeof(struct descriptor) == 256);

#define TYPE_DATA	0
#define TYPE_REC	1
#define TYPE_RIPAS	2

static const char * const names[] = {
	[RMI_HASH_SHA256] = "sha256",
	[RMI_HASH_SHA512] = "sha512",
	[RMI_HASH_SHA384] = "sha384",
};

/**
 * prove_measure_choose() - which hash is a Realm to be measured by?
 * @hashes: those that the RMM has: a bit each for SHA-256, SHA-384, SHA-512
 *
 * Context: any.
 * Return: RMI_HASH_* of the smallest, or -ENOENT.
 */
int prove_measure_choose(u64 hashes)
{
	static const unsigned int by_bit[] = { RMI_HASH_SHA256, RMI_HASH_SHA384, RMI_HASH_SHA512 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(by_bit); i++)
		if (hashes & BIT(i))
			return by_bit[i];
	return -ENOENT;
}

/**
 * prove_measure_open() - before the first of a Realm's parts
 * @m: set
 * @hash: RMI_HASH_*
 *
 * Context: may sleep, allocates.
 * Return: 0; -ENOENT or another error number of the kernel's if it doesn't have this hash.
 */
int prove_measure_open(struct measure *m, unsigned int hash)
{
	*m = (struct measure){};
	m->shash = crypto_alloc_shash(names[hash], 0, 0);
	if (IS_ERR(m->shash))
		return PTR_ERR(m->shash);
	m->size = crypto_shash_digestsize(m->shash);
	return 0;
}

/**
 * prove_measure_close() - undo prove_measure_open()
 * @m: which succeeded
 *
 * Context: may sleep.
 */
void prove_measure_close(struct measure *m)
{
	crypto_free_shash(m->shash);
}

/* @out has room for MEASURE_MAX bytes, and is of zeros behind the hash */
static void digest(struct measure *m, const void *from, size_t bytes, u8 *out)
{
	u8 hash[MEASURE_MAX] = {};
	const int rc = crypto_shash_tfm_digest(m->shash, from, bytes, hash);

	memcpy(out, hash, sizeof(hash));
	m->error = m->error ?: rc;
}

static void extend(struct measure *m, struct descriptor *d, u64 type, u8 *value)
{
	d->type = cpu_to_le64(type);
	d->size = cpu_to_le64(sizeof(*d));
	memcpy(d->before, value, sizeof(d->before));
	digest(m, d, sizeof(*d), value);
}

static void extend_both(struct measure *m, const struct descriptor *d, u64 type)
{
	struct descriptor copy = *d;

	extend(m, &copy, type, m->value);
	copy = *d;
	extend(m, &copy, type, m->with_ripas);
}

/**
 * prove_measure_realm() - a Realm begins
 * @m: the measurement
 * @params: RMI_PARAMS_SIZE bytes that have what counts of its parameters, and nothing else
 *
 * Specification: DEN0137, "Realm Initial Measurement".
 *
 * Context: may sleep.
 */
void prove_measure_realm(struct measure *m, const void *params)
{
	digest(m, params, RMI_PARAMS_SIZE, m->value);
	memcpy(m->with_ripas, m->value, sizeof(m->value));
}

/**
 * prove_measure_ripas() - memory is RAM to the Realm; whether that counts differs between RMMs
 * @m: the measurement
 * @base: IPA
 * @top: IPA, exclusive
 *
 * Context: may sleep.
 */
void prove_measure_ripas(struct measure *m, u64 base, u64 top)
{
	struct descriptor d = { .range = { cpu_to_le64(base), cpu_to_le64(top) } };

	extend(m, &d, TYPE_RIPAS, m->with_ripas);
}

/**
 * prove_measure_data() - a page comes before activation
 * @m: the measurement
 * @ipa: of the page
 * @flags: of RMI_RTT_DATA_MAP_INIT
 * @page: its contents, of PAGE_SIZE bytes
 *
 * Context: may sleep.
 */
void prove_measure_data(struct measure *m, u64 ipa, u64 flags, const void *page)
{
	struct descriptor d = { .data = { cpu_to_le64(ipa), cpu_to_le64(flags) } };

	if (flags & RMI_DATA_MEASURE)
		digest(m, page, PAGE_SIZE, d.data.hash);
	extend_both(m, &d, TYPE_DATA);
}

/**
 * prove_measure_rec() - a runnable REC comes
 * @m: the measurement
 * @params: RMI_PARAMS_SIZE bytes that have its flags, pc and gprs, and nothing else
 *
 * Context: may sleep.
 */
void prove_measure_rec(struct measure *m, const void *params)
{
	struct descriptor d = {};

	digest(m, params, RMI_PARAMS_SIZE, d.hash);
	extend_both(m, &d, TYPE_REC);
}
