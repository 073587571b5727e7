// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is with the RMM can't be touched by Linux, and all else can. The RMM is active already, and
 * doesn't know `par` other than as one that has no level 1 table. Loading this tests what a kernel
 * can survive and logs a line for each check. As long as it is loaded, two pages can be mapped from
 * /dev/gpf: the first is like any other, the second is delegated.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/arm-smccc.h>
#include <linux/cpu.h>
#include <linux/gfp.h>
#include <linux/kprobes.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <asm/esr.h>

#include "rmi_abi.h"

#define PATTERN			0x600dcafe12345678UL

/* Fault status: granule protection fault, not on a table walk. Kernels have no name for it. */
#define FSC_PROTECTED		0x28
#define FAULT_BITS		(ESR_ELx_FSC | ESR_ELx_WNR)

static unsigned long par;
module_param(par, ulong, 0);
MODULE_PARM_DESC(par, "physical address of a PAR for which the RMM wants a table from the host");

/* Of 2: what /dev/gpf shows */
static struct page *shown;
#define SHOWN_ORDER		1
#define SHOWN_DELEGATED		1

static __printf(2, 3) void check(bool good, const char *format, ...)
{
	struct va_format vaf = { .fmt = format };
	va_list args;

	va_start(args, format);
	vaf.va = &args;
	pr_info("%s %pV\n", good ? "ok" : "not ok", &vaf);
	va_end(args);
}

/*
 * Before 7.4's series, Linux hands granule protection faults to do_bad(), which has no mercy and
 * doesn't ask the exception table; with it, to do_gpf(), which finds nothing there for these two
 * instructions. A probe there lets them be stepped over.
 */
u64 gpf_load(const u64 *p);
void gpf_store(u64 value, u64 *p);
asm(
"	.pushsection .text\n"
"gpf_load:\n"
"	ldr	x0, [x0]\n"
"	ret\n"
"gpf_store:\n"
"	str	x0, [x1]\n"
"	ret\n"
"	.popsection\n"
);

static DEFINE_PER_CPU(unsigned long, fault_esr);

/* Of (far, esr, regs), before its first instruction */
static int on_fault(struct kprobe *p, struct pt_regs *regs)
{
	struct pt_regs *fault = (struct pt_regs *)regs->regs[2];

	if (fault->pc != (unsigned long)gpf_load && fault->pc != (unsigned long)gpf_store)
		return 0;
	__this_cpu_write(fault_esr, regs->regs[1]);
	fault->pc += AARCH64_INSN_SIZE;
	regs->regs[0] = 0;			/* it has handled it, */
	regs->pc = regs->regs[30];		/* and returns */
	return 1;
}

static struct kprobe probe = {
	.pre_handler = on_fault,
};

/* Where a kernel has both, do_bad() doesn't see these faults */
static int register_probe(void)
{
	int rc;

	probe.symbol_name = "do_gpf";
	rc = register_kprobe(&probe);
	if (rc != -ENOENT)
		return rc;
	probe.symbol_name = "do_bad";
	return register_kprobe(&probe);
}

struct access {
	u64 *p;
	u64 value;
	unsigned long load_esr, store_esr;	/* 0: no fault */
};

static long do_access(void *arg)
{
	struct access *a = arg;

	preempt_disable();
	__this_cpu_write(fault_esr, 0);
	a->value = gpf_load(a->p);
	a->load_esr = __this_cpu_read(fault_esr);
	__this_cpu_write(fault_esr, 0);
	gpf_store(PATTERN, a->p);
	a->store_esr = __this_cpu_read(fault_esr);
	preempt_enable();
	return 0;
}

static struct access access_on(int cpu, u64 *p)
{
	struct access a = { .p = p };

	WARN_ON(work_on_cpu(cpu, do_access, &a));
	return a;
}

static void is_refused(const char *what, const char *part, u64 *p)
{
	struct access a;
	int cpu;

	for_each_online_cpu(cpu) {
		a = access_on(cpu, p);
		check((a.load_esr & FAULT_BITS) == FSC_PROTECTED &&
		      (a.store_esr & FAULT_BITS) == (FSC_PROTECTED | ESR_ELx_WNR),
		      "%s: %s is refused: CPU %d, load %lx, store %lx", what, part, cpu, a.load_esr,
		      a.store_esr);
	}
}

/* What one CPU has stored the next one must find; and now all CPUs have it in their TLBs */
static void is_ours(const char *what, const char *part, u64 *p)
{
	struct access a;
	int cpu;

	*p = PATTERN;
	for_each_online_cpu(cpu) {
		a = access_on(cpu, p);
		check(!a.load_esr && !a.store_esr && a.value == PATTERN,
		      "%s: %s is ours: CPU %d, load %lx, store %lx", what, part, cpu, a.load_esr,
		      a.store_esr);
	}
}

/* First and last word of [p, p + size), and the words around it */
static void are_refused(const char *what, void *p, size_t size)
{
	is_refused(what, "first word", p);
	is_refused(what, "last word", p + size - sizeof(u64));
	is_ours(what, "word before", p - sizeof(u64));
	is_ours(what, "word behind", p + size);
}

static void are_ours(const char *what, void *p, size_t size)
{
	is_ours(what, "first word", p);
	is_ours(what, "last word", p + size - sizeof(u64));
}

static struct arm_smccc_res rmi(u32 fid, u64 x1, u64 x2, u64 x3)
{
	struct arm_smccc_res res;

	arm_smccc_1_1_smc(fid, x1, x2, x3, 0, &res);
	return res;
}

static bool rmi_range(u32 fid, void *p)
{
	phys_addr_t pa = virt_to_phys(p);
	struct arm_smccc_res res = rmi(fid, pa, pa + PAGE_SIZE, 0);

	return res.a0 == RMI_SUCCESS && res.a1 == pa + PAGE_SIZE;
}

/* Also on a CPU that comes up while the page is away */
static void test_page(void)
{
	void *block = (void *)__get_free_pages(GFP_KERNEL, 2), *p = block + PAGE_SIZE;
	int last = num_online_cpus() - 1;

	if (!block) {
		check(false, "no memory");
		return;
	}
	are_ours("page", p, PAGE_SIZE);
	check(rmi_range(RMI_GRANULE_RANGE_DELEGATE, p), "it is delegated");
	are_refused("delegated page", p, PAGE_SIZE);
	check(!remove_cpu(last), "CPU %d goes", last);
	check(!add_cpu(last), "CPU %d comes", last);
	are_refused("page that was delegated when a CPU was off", p, PAGE_SIZE);
	if (rmi_range(RMI_GRANULE_RANGE_UNDELEGATE, p)) {
		are_ours("undelegated page", p, PAGE_SIZE);
		free_pages((unsigned long)block, 2);
	} else {
		check(false, "it is undelegated");
	}
}

/* The operation that takes or gives back the memory of a table, with its one descriptor at *list */
static bool donate(u64 handle, u64 *list, void *table, u64 count)
{
	struct arm_smccc_res res;

	*list = (u64)RMI_MEM_UNDELEGATED << RMI_RANGE_STATE_BETA3_SHIFT | virt_to_phys(table) |
		count << RMI_RANGE_COUNT_SHIFT | RMI_BLOCK_PAGE;
	res = rmi(RMI_OP_MEM_DONATE, handle, virt_to_phys(list), 1);
	return res.a0 == RMI_SUCCESS && res.a1 == count;
}

static bool reclaim(u64 *list)
{
	struct arm_smccc_res res = rmi(RMI_GPT_L1_DESTROY, par, 0, 0);

	if (RMI_RESULT_STATUS(res.a0) != RMI_INCOMPLETE ||
	    RMI_RESULT_MEM_REQ(res.a0) != RMI_MEM_REQ_RECLAIM)
		return false;
	res = rmi(RMI_OP_MEM_RECLAIM, res.a1, virt_to_phys(list), 1);
	return res.a0 == RMI_SUCCESS && res.a1 == 1;
}

/* The table is a part of a larger block, so that its neighbours are ours as well */
static void test_table(void)
{
	struct arm_smccc_res res = rmi(RMI_GPT_L1_CREATE, par, 0, 0);
	u64 count = RMI_DONATE_COUNT(res.a2), *list;
	size_t size = count * PAGE_SIZE;
	void *block, *table;

	check(RMI_RESULT_STATUS(res.a0) == RMI_INCOMPLETE && RMI_DONATE_CONTIG(res.a2) &&
	      RMI_DONATE_BLOCK(res.a2) == RMI_BLOCK_PAGE, "a table of %zu bytes is wanted", size);
	list = (u64 *)get_zeroed_page(GFP_KERNEL);
	block = (void *)__get_free_pages(GFP_KERNEL, get_order(size) + 2);
	table = block + size;
	if (!list || !block) {
		check(false, "no memory");
		return;
	}
	check(donate(res.a1, list, table, count), "it is donated");
	are_refused("level 1 table", table, size);
	check(!rmi_range(RMI_GRANULE_RANGE_UNDELEGATE, table), "it is no delegated page");
	if (reclaim(list)) {
		are_ours("table that was given back", table, size);
		free_pages((unsigned long)block, get_order(size) + 2);
	} else {
		check(false, "it is given back");
	}
	free_page((unsigned long)list);
}

static int gpf_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff > SHOWN_DELEGATED || vma_pages(vma) != 1)
		return -EINVAL;
	return vm_insert_page(vma, vma->vm_start, shown + vma->vm_pgoff);
}

static const struct file_operations gpf_fops = {
	.owner = THIS_MODULE,
	.mmap = gpf_mmap,
};

static struct miscdevice gpf_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "gpf",
	.fops = &gpf_fops,
};

static int show(void)
{
	int ret;

	shown = alloc_pages(GFP_KERNEL | __GFP_ZERO, SHOWN_ORDER);
	if (!shown)
		return -ENOMEM;
	split_page(shown, SHOWN_ORDER);
	ret = misc_register(&gpf_device);
	if (ret) {
		__free_page(shown);
		__free_page(shown + SHOWN_DELEGATED);
		return ret;
	}
	check(rmi_range(RMI_GRANULE_RANGE_DELEGATE, page_address(shown + SHOWN_DELEGATED)),
	      "a page to map is delegated");
	return 0;
}

static int __init gpf_init(void)
{
	int ret = register_probe();

	if (ret)
		return ret;
	test_page();
	test_table();
	unregister_kprobe(&probe);
	return show();
}

static void __exit gpf_exit(void)
{
	misc_deregister(&gpf_device);
	check(rmi_range(RMI_GRANULE_RANGE_UNDELEGATE, page_address(shown + SHOWN_DELEGATED)),
	      "it is undelegated");
	__free_page(shown);
	__free_page(shown + SHOWN_DELEGATED);
}

module_init(gpf_init);
module_exit(gpf_exit);
MODULE_DESCRIPTION("Touches what the RMM holds");
MODULE_LICENSE("GPL");
