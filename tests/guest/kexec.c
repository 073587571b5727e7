// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec [-p] IMAGE INITRD OLD NEW - leave this kernel for another, by kexec_load, with no shutdown
 * of ours before; with -p when this one panics
 *
 * The new kernel gets the device tree that this one was given, with the text OLD replaced by NEW
 * and blanks, which must not be longer: so its command line can differ though nothing here knows a
 * tree's structure. Its initramfs goes to where that tree says that it is. A crash kernel has all
 * in the memory that was set aside for it, which is all that its tree has; where its initramfs and
 * the dump's ELF header are, follows NEW. For the tests' machine only, with one bank of 256 MB of
 * RAM or more.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <linux/elf.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * As in tests/firmware/el3.h, whose place for the machine's description is free once the firmware
 * has read it
 */
#define KERNEL_AT	0x40200000UL
#define PURGATORY_AT	0x4fd00000UL
#define DTB_AT		0x4fe00000UL
#define DTB_MAX		0x200000UL

/* Segments are whole pages of whichever size the kernel has */
#define WHOLE_PAGES(n)	(((n) + 0xffff) & ~0xffffUL)

/* The head of an arm64 Image, from its documentation in the kernel */
struct image {
	uint32_t code[2];
	uint64_t text_offset, image_size, flags, reserved[3];
	uint32_t magic;
};
#define IMAGE_MAGIC	0x644d5241	/* "ARM\x64" */

/*
 * The old kernel jumps here with the MMU off and nothing in the registers; the new one wants its
 * device tree in X0
 */
static struct {
	uint32_t code[6];
	uint64_t dtb, kernel;
} purgatory = {
	.code = {
		0x580000c0,		/* ldr x0, dtb */
		0x580000e4,		/* ldr x4, kernel */
		0xaa1f03e1,		/* mov x1, xzr */
		0xaa1f03e2,		/* mov x2, xzr */
		0xaa1f03e3,		/* mov x3, xzr */
		0xd61f0080,		/* br x4 */
	},
};

/* A file or a disk, to be read only */
static const void *map(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t end;
	void *at;

	if (fd < 0)
		err(1, "%s", path);
	end = lseek(fd, 0, SEEK_END);
	if (end <= 0)
		errx(1, "%s is empty", path);
	at = mmap(NULL, end, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		err(1, "mmap %s", path);
	close(fd);
	*size = end;
	return at;
}

static size_t read_all(const char *path, void *to, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t n;

	if (fd < 0)
		err(1, "%s", path);
	while ((n = read(fd, to + size, room - size)) > 0)
		size += n;
	if (n < 0 || size == room)
		err(1, "%s: %zu bytes are not all of it", path, size);
	close(fd);
	return size;
}

/* One big-endian cell, or two */
static uint64_t tree_number(const char *path)
{
	uint64_t wide;
	uint32_t narrow;
	char bytes[16];

	switch (read_all(path, bytes, sizeof(bytes))) {
	case sizeof(narrow):
		memcpy(&narrow, bytes, sizeof(narrow));
		return be32toh(narrow);
	case sizeof(wide):
		memcpy(&wide, bytes, sizeof(wide));
		return be64toh(wide);
	}
	errx(1, "%s is no number", path);
}

static void replace(char *tree, size_t size, const void *old, const void *new, size_t len)
{
	char *found = memmem(tree, size, old, len);

	if (!found || memmem(found + 1, tree + size - found - 1, old, len))
		errx(1, "the device tree doesn't have it once: %.*s", (int)len, (const char *)old);
	memcpy(found, new, len);
}

static void replace_text(char *tree, size_t size, const char *old, const char *new)
{
	char padded[1024];
	const size_t len = strlen(old);

	if (strlen(new) > len || len >= sizeof(padded))
		errx(1, "'%s' has no room for '%s'", old, new);
	snprintf(padded, sizeof(padded), "%-*s", (int)len, new);
	replace(tree, size, old, padded, len);
}

struct range {
	uint64_t start, end;		/* exclusive */
};

/* Those lines of /proc/iomem that have this name, at any level; at most max */
static size_t iomem(const char *name, struct range *ranges, size_t max)
{
	FILE *f = fopen("/proc/iomem", "re");
	char line[256], has[128];
	struct range r;
	size_t n = 0;

	if (!f)
		err(1, "/proc/iomem");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %" SCNx64 "-%" SCNx64 " : %127[^\n]", &r.start, &r.end,
			   has) != 3 || strcmp(has, name))
			continue;
		if (n == max)
			errx(1, "more than %zu ranges of %s", max, name);
		ranges[n].start = r.start;
		ranges[n++].end = r.end + 1;
	}
	fclose(f);
	return n;
}

/* The header of the dump, with what a crash kernel's /proc/vmcore is made of */
static struct {
	struct elf64_hdr head;
	struct elf64_phdr parts[64];
} core = {
	.head = {
		.e_ident = {
			ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT,
		},
		.e_type = ET_CORE,
		.e_machine = EM_AARCH64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(core.head),
		.e_ehsize = sizeof(core.head),
		.e_phentsize = sizeof(core.parts[0]),
	},
};

static void add_part(unsigned int type, uint64_t start, uint64_t size)
{
	if (!size)
		return;
	if (core.head.e_phnum == sizeof(core.parts) / sizeof(core.parts[0]))
		errx(1, "too many parts of a dump");
	core.parts[core.head.e_phnum++] = (struct elf64_phdr){
		.p_type = type,
		.p_flags = type == PT_LOAD ? PF_R | PF_W | PF_X : 0,
		/* notes are where they are, until the crash kernel has collected them */
		.p_offset = start,
		.p_vaddr = type == PT_LOAD ? start : 0,
		.p_paddr = start,
		.p_filesz = size,
		.p_memsz = size,
	};
}

static void read_numbers(const char *path, const char *format, uint64_t *one, uint64_t *two)
{
	char text[64] = "";

	read_all(path, text, sizeof(text) - 1);
	if (sscanf(text, format, one, two) < 1)
		errx(1, "%s has no number", path);
}

static void describe_core(const struct range *reserved)
{
	struct range ram[32];
	uint64_t at, size;
	glob_t cpus;
	size_t i, n;

	if (glob("/sys/devices/system/cpu/cpu[0-9]*/crash_notes", 0, NULL, &cpus))
		errx(1, "this kernel has no crash_notes");
	for (i = 0; i < cpus.gl_pathc; i++) {
		char path[128];

		read_numbers(cpus.gl_pathv[i], "%" SCNx64, &at, NULL);
		snprintf(path, sizeof(path), "%s_size", cpus.gl_pathv[i]);
		read_numbers(path, "%" SCNu64, &size, NULL);
		add_part(PT_NOTE, at, size);
	}
	globfree(&cpus);
	read_numbers("/sys/kernel/vmcoreinfo", "%" SCNx64 " %" SCNx64, &at, &size);
	add_part(PT_NOTE, at, size);
	n = iomem("System RAM", ram, sizeof(ram) / sizeof(ram[0]));
	for (i = 0; i < n; i++) {
		if (reserved->start < ram[i].start || reserved->end > ram[i].end) {
			add_part(PT_LOAD, ram[i].start, ram[i].end - ram[i].start);
			continue;
		}
		add_part(PT_LOAD, ram[i].start, reserved->start - ram[i].start);
		add_part(PT_LOAD, reserved->end, ram[i].end - reserved->end);
	}
}

/* Where all is to be */
static struct {
	uint64_t kernel, initrd, purgatory, dtb, core;
} at = {
	.kernel = KERNEL_AT,
	.purgatory = PURGATORY_AT,
	.dtb = DTB_AT,
};

static char dtb[DTB_MAX];
static size_t dtb_size;
static const struct image *image;
static const void *initrd;
static size_t image_size, initrd_size;

/* The one after another in the memory that is set aside, which shall be all that there is */
static void prepare_crash(const char *old, const char *new)
{
	struct range reserved;
	char bank[17], text[1024];
	uint64_t cells[2];

	if (iomem("Crash kernel", &reserved, 1) != 1)
		errx(1, "no memory is set aside for a crash kernel");
	at.kernel = reserved.start;
	at.initrd = at.kernel + WHOLE_PAGES(image->text_offset + image->image_size);
	at.dtb = at.initrd + WHOLE_PAGES(initrd_size);
	at.core = at.dtb + WHOLE_PAGES(dtb_size);
	at.purgatory = at.core + WHOLE_PAGES(sizeof(core));
	describe_core(&reserved);

	if (read_all("/proc/device-tree/memory@40000000/reg", bank, sizeof(bank)) != sizeof(cells))
		errx(1, "this machine has more than one bank of memory");
	cells[0] = htobe64(reserved.start);
	cells[1] = htobe64(reserved.end - reserved.start);
	replace(dtb, dtb_size, bank, cells, sizeof(cells));
	snprintf(text, sizeof(text), "%s elfcorehdr=%#zx@%#" PRIx64 " initrdmem=%#" PRIx64 ",%#zx",
		 new, sizeof(core), at.core, at.initrd, initrd_size);
	replace_text(dtb, dtb_size, old, text);
}

int main(int argc, char **argv)
{
	const int crash = argc > 1 && !strcmp(argv[1], "-p");

	argv += crash;
	if (argc - crash != 5)
		errx(1, "usage: kexec [-p] IMAGE INITRD OLD NEW");
	image = map(argv[1], &image_size);
	if (image->magic != IMAGE_MAGIC)
		errx(1, "%s is no arm64 Image", argv[1]);
	initrd = map(argv[2], &initrd_size);
	dtb_size = read_all("/sys/firmware/fdt", dtb, sizeof(dtb));
	if (crash) {
		prepare_crash(argv[3], argv[4]);
	} else {
		at.initrd = tree_number("/proc/device-tree/chosen/linux,initrd-start");
		replace_text(dtb, dtb_size, argv[3], argv[4]);
	}
	purgatory.kernel = at.kernel + image->text_offset;
	purgatory.dtb = at.dtb;

	struct kexec_segment segments[] = {
		/* with the kernel's .bss, which is in no file */
		{ image, image_size, (void *)purgatory.kernel, WHOLE_PAGES(image->image_size) },
		{ initrd, initrd_size, (void *)at.initrd, WHOLE_PAGES(initrd_size) },
		{ &purgatory, sizeof(purgatory), (void *)at.purgatory,
		  WHOLE_PAGES(sizeof(purgatory)) },
		{ dtb, dtb_size, (void *)at.dtb, WHOLE_PAGES(dtb_size) },
		{ &core, sizeof(core), (void *)at.core, WHOLE_PAGES(sizeof(core)) },
	};
	const size_t n = sizeof(segments) / sizeof(segments[0]) - !crash;

	if (syscall(SYS_kexec_load, at.purgatory, n, segments,
		    KEXEC_ARCH_DEFAULT | (crash ? KEXEC_ON_CRASH : 0)))
		err(1, "kexec_load");
	if (crash)
		return 0;
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
	err(1, "reboot");
}
