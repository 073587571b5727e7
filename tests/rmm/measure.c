// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Realm's initial measurement, and the hashes that it is made of: SHA-256, SHA-384 and SHA-512
 * (FIPS 180-4). Slow and short: each message is hashed in one go.
 */
#include "model.h"

/* The first 80 primes; their cube roots are what both kinds of hash are salted with */
#define ROUNDS_256	64
#define ROUNDS_512	80

static const uint64_t salt[ROUNDS_512] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
	0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
	0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
	0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
	0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
	0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
	0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
	0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
	0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
	0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

/* By RMI_HASH_*; SHA-256 starts with the upper halves of the words of SHA-512 */
static const uint64_t start_512[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static const uint64_t start_384[8] = {
	0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
	0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
};

/* What differs between words of 32 and of 64 bits: by how much they are turned and shifted */
struct kind {
	unsigned int bits, rounds;
	uint8_t a[3], e[3];		/* turned: of the working variables */
	uint8_t early[3], late[3];	/* of the schedule: the last one is a shift */
};

static const struct kind kind_256 = {
	32, ROUNDS_256, { 2, 13, 22 }, { 6, 11, 25 }, { 7, 18, 3 }, { 17, 19, 10 },
};

static const struct kind kind_512 = {
	64, ROUNDS_512, { 28, 34, 39 }, { 14, 18, 41 }, { 1, 8, 7 }, { 19, 61, 6 },
};

static uint64_t cut(const struct kind *k, uint64_t w)
{
	return k->bits == 64 ? w : w & UINT32_MAX;
}

static uint64_t turn(const struct kind *k, uint64_t w, unsigned int by)
{
	return cut(k, w >> by | w << (k->bits - by));
}

static uint64_t three(const struct kind *k, uint64_t w, const uint8_t by[3])
{
	return turn(k, w, by[0]) ^ turn(k, w, by[1]) ^ turn(k, w, by[2]);
}

static uint64_t scheduled(const struct kind *k, uint64_t w, const uint8_t by[3])
{
	return turn(k, w, by[0]) ^ turn(k, w, by[1]) ^ w >> by[2];
}

static void block(const struct kind *k, uint64_t h[8], const uint8_t *in)
{
	unsigned int bytes = k->bits / 8, i, j;
	uint64_t w[ROUNDS_512] = { 0 }, v[8], t1, t2;

	for (i = 0; i < 16; i++)
		for (j = 0; j < bytes; j++)
			w[i] = w[i] << 8 | in[i * bytes + j];
	for (i = 16; i < k->rounds; i++)
		w[i] = cut(k, w[i - 16] + scheduled(k, w[i - 15], k->early) + w[i - 7] +
			      scheduled(k, w[i - 2], k->late));
	for (i = 0; i < 8; i++)
		v[i] = h[i];
	for (i = 0; i < k->rounds; i++) {
		t1 = v[7] + three(k, v[4], k->e) + ((v[4] & v[5]) ^ (~v[4] & v[6])) +
		     (salt[i] >> (64 - k->bits)) + w[i];
		t2 = three(k, v[0], k->a) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		for (j = 7; j; j--)
			v[j] = v[j - 1];
		v[4] = cut(k, v[4] + t1);
		v[0] = cut(k, t1 + t2);
	}
	for (i = 0; i < 8; i++)
		h[i] = cut(k, h[i] + v[i]);
}

/* The last one or two blocks: what is left, a bit, zeros, and the length in bits */
static void end(const struct kind *k, uint64_t h[8], const uint8_t *in, uint64_t left,
		uint64_t size)
{
	unsigned int bytes = 2 * k->bits, i;
	uint8_t last[256] = { 0 };
	uint64_t used = left < bytes - k->bits / 4 ? bytes : 2 * bytes;

	for (i = 0; i < left; i++)
		last[i] = in[i];
	last[left] = 0x80;
	for (i = 0; i < 8; i++)
		last[used - 1 - i] = size * 8 >> 8 * i;
	for (i = 0; i < used; i += bytes)
		block(k, h, last + i);
}

unsigned int hash_size(unsigned int algorithm)
{
	static const uint8_t size[] = {
		[RMI_HASH_SHA256] = 32, [RMI_HASH_SHA512] = 64, [RMI_HASH_SHA384] = 48,
	};

	return size[algorithm];
}

/* out is of 64 bytes, with zeros behind a shorter hash */
void hash(unsigned int algorithm, const uint8_t *in, uint64_t size, uint8_t out[64])
{
	const struct kind *k = algorithm == RMI_HASH_SHA256 ? &kind_256 : &kind_512;
	unsigned int bytes = 2 * k->bits, word = k->bits / 8, i;
	uint64_t h[8], at;

	for (i = 0; i < 8; i++)
		h[i] = algorithm == RMI_HASH_SHA384 ? start_384[i] : start_512[i] >> (64 - k->bits);
	for (at = 0; at + bytes <= size; at += bytes)
		block(k, h, in + at);
	end(k, h, in + at, size - at, size);
	for (i = 0; i < 64; i++)
		out[i] = i < hash_size(algorithm) ?
			 h[i / word] >> 8 * (word - 1 - i % word) : 0;
}

/* Little-endian words, as structures of the RMM's have them */
void put_word(uint8_t *at, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		at[i] = value >> 8 * i;
}

#define MEASURED_DATA		0
#define MEASURED_REC		1
#define MEASURED_RIPAS		2
#define DESCRIPTOR_SIZE		256

static void extend(struct realm *realm, uint8_t d[DESCRIPTOR_SIZE], unsigned int type)
{
	unsigned int i;

	put_word(d, type);
	put_word(d + 8, DESCRIPTOR_SIZE);
	for (i = 0; i < 64; i++)
		d[0x10 + i] = realm->rim[i];
	hash(realm->hash, d, DESCRIPTOR_SIZE, realm->rim);
}

/* Of its parameters, those that say what it is */
void measure_realm(struct realm *realm, const uint64_t *params)
{
	static const uint16_t measured[] = {
		RMI_REALM_FLAGS, RMI_REALM_S2SZ, RMI_REALM_SVE_VL, RMI_REALM_BREAKPOINTS,
		RMI_REALM_WATCHPOINTS, RMI_REALM_PMU_COUNTERS, RMI_REALM_HASH,
	};
	uint8_t page[RMI_PARAMS_SIZE] = { 0 };
	unsigned int i;

	for (i = 0; i < sizeof(measured) / sizeof(measured[0]); i++)
		put_word(page + measured[i], params[measured[i] / 8]);
	hash(realm->hash, page, sizeof(page), realm->rim);
}

void measure_data(struct realm *realm, uint64_t ipa, uint64_t flags, const uint8_t *page,
		  uint64_t size)
{
	uint8_t d[DESCRIPTOR_SIZE] = { 0 };

	put_word(d + 0x50, ipa);
	put_word(d + 0x58, flags);
	if (flags & RMI_DATA_MEASURE)
		hash(realm->hash, page, size, d + 0x60);
	extend(realm, d, MEASURED_DATA);
}

void measure_rec(struct realm *realm, const uint64_t *params)
{
	uint8_t page[RMI_PARAMS_SIZE] = { 0 }, d[DESCRIPTOR_SIZE] = { 0 };
	unsigned int i;

	put_word(page + RMI_REC_FLAGS, params[RMI_REC_FLAGS / 8]);
	put_word(page + RMI_REC_PC, params[RMI_REC_PC / 8]);
	for (i = 0; i < 8; i++)
		put_word(page + RMI_REC_GPRS + 8 * i, params[RMI_REC_GPRS / 8 + i]);
	hash(realm->hash, page, sizeof(page), d + 0x50);
	extend(realm, d, MEASURED_REC);
}

void measure_ripas(struct realm *realm, uint64_t base, uint64_t top)
{
	uint8_t d[DESCRIPTOR_SIZE] = { 0 };

	put_word(d + 0x50, base);
	put_word(d + 0x58, top);
	extend(realm, d, MEASURED_RIPAS);
}
