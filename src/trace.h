/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: each command, and each page that changes hands. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM rmi

#if !defined(TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>

#include "smc.h"

#define show_rmi_status(x0)				\
	__print_symbolic((x0) & 0xff,			\
		{ 0, "SUCCESS" },			\
		{ 1, "ERROR_INPUT" },			\
		{ 2, "ERROR_REALM" },			\
		{ 3, "ERROR_REC" },			\
		{ 4, "ERROR_RTT" },			\
		{ 5, "ERROR_NOT_SUPPORTED" },		\
		{ 6, "ERROR_DEVICE" },			\
		{ 7, "ERROR_RTT_AUX" },			\
		{ 8, "ERROR_PSMMU_ST" },		\
		{ 9, "ERROR_DPT" },			\
		{ 10, "BUSY" },				\
		{ 11, "ERROR_GLOBAL" },			\
		{ 12, "ERROR_TRACKING" },		\
		{ 13, "INCOMPLETE" },			\
		{ 14, "BLOCKED" },			\
		{ 15, "ERROR_GPT" },			\
		{ 16, "ERROR_GRANULE" },		\
		{ 255, "unknown to the firmware" })

/* One command with its repetitions; ns is what the SMCs took, without the pauses between them */
TRACE_EVENT(rmi_command,
	TP_PROTO(const char *name, const struct rmi_regs *in, const struct rmi_regs *out,
		 unsigned int retries, u64 ns),
	TP_ARGS(name, in, out, retries, ns),
	TP_STRUCT__entry(
		__array(char, name, 32)
		__field(u32, fid)
		__field(u32, retries)
		__array(u64, arg, 4)
		__array(u64, out, 5)
		__field(u64, ns)
	),
	TP_fast_assign(
		strscpy(__entry->name, name, sizeof(__entry->name));
		__entry->fid = in->x[0];
		__entry->retries = retries;
		memcpy(__entry->arg, &in->x[1], sizeof(__entry->arg));
		memcpy(__entry->out, out->x, sizeof(__entry->out));
		__entry->ns = ns;
	),
	TP_printk("%s(%#llx, %#llx, %#llx, %#llx) = %s %#llx %#llx %#llx %#llx retries=%u ns=%llu",
		  __entry->name, __entry->arg[0], __entry->arg[1], __entry->arg[2],
		  __entry->arg[3], show_rmi_status(__entry->out[0]), __entry->out[0],
		  __entry->out[1], __entry->out[2], __entry->out[3], __entry->retries,
		  __entry->ns)
);

/* Pages: donated to the RMM, reclaimed from it, or lost to it */
TRACE_EVENT(rmi_memory,
	TP_PROTO(const char *what, u64 start, u64 end, const char *kind, u64 base),
	TP_ARGS(what, start, end, kind, base),
	TP_STRUCT__entry(
		__array(char, what, 8)
		__array(char, kind, 8)
		__field(u64, start)
		__field(u64, end)
		__field(u64, base)
	),
	TP_fast_assign(
		strscpy(__entry->what, what, sizeof(__entry->what));
		strscpy(__entry->kind, kind, sizeof(__entry->kind));
		__entry->start = start;
		__entry->end = end;
		__entry->base = base;
	),
	TP_printk("%s %#llx-%#llx for %s %#llx", __entry->what, __entry->start, __entry->end,
		  __entry->kind, __entry->base)
);

#endif

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
