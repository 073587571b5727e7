// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec IMAGE INITRD OLD NEW - leave this kernel for another, by kexec_load, with no shutdown of
 * ours before
 *
 * The new kernel gets the device tree that this one was given, with the text OLD replaced by NEW,
 * which must be as long: so its command line can differ though nothing here knows a tree's
 * structure. Its initramfs goes to where that tree says that it is. For the tests' machine only,
 * with 256 MB of RAM or more.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdint.h>
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
	.dtb = DTB_AT,
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

static void replace(char *text, size_t size, const char *old, const char *new)
{
	char *found = memmem(text, size, old, strlen(old));

	if (strlen(old) != strlen(new))
		errx(1, "'%s' and '%s' differ in length", old, new);
	if (!found)
		errx(1, "the device tree has no '%s'", old);
	memcpy(found, new, strlen(new));
}

int main(int argc, char **argv)
{
	static char dtb[DTB_MAX];
	const struct image *image;
	const void *initrd;
	size_t image_size, initrd_size, dtb_size;
	uint64_t initrd_at;

	if (argc != 5)
		errx(1, "usage: kexec IMAGE INITRD OLD NEW");
	image = map(argv[1], &image_size);
	if (image->magic != IMAGE_MAGIC)
		errx(1, "%s is no arm64 Image", argv[1]);
	initrd = map(argv[2], &initrd_size);
	initrd_at = tree_number("/proc/device-tree/chosen/linux,initrd-start");
	dtb_size = read_all("/sys/firmware/fdt", dtb, sizeof(dtb));
	replace(dtb, dtb_size, argv[3], argv[4]);
	purgatory.kernel = KERNEL_AT + image->text_offset;

	struct kexec_segment segments[] = {
		/* with the kernel's .bss, which is in no file */
		{ image, image_size, (void *)purgatory.kernel, WHOLE_PAGES(image->image_size) },
		{ initrd, initrd_size, (void *)initrd_at, WHOLE_PAGES(initrd_size) },
		{ &purgatory, sizeof(purgatory), (void *)PURGATORY_AT,
		  WHOLE_PAGES(sizeof(purgatory)) },
		{ dtb, dtb_size, (void *)DTB_AT, WHOLE_PAGES(dtb_size) },
	};

	if (syscall(SYS_kexec_load, PURGATORY_AT, sizeof(segments) / sizeof(segments[0]), segments,
		    KEXEC_ARCH_DEFAULT))
		err(1, "kexec_load");
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
	err(1, "reboot");
}
