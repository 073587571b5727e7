/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Put before each file of src/ where clang builds it: the module's variables, and no compiler's
 * counters, lie in sections of their own, so that the shim can set them back.
 */
#pragma clang section bss = "module_bss" data = "module_data"
