/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of a checklist. */
#ifndef TOOLS_LINES_H
#define TOOLS_LINES_H

/* At most 80 columns: more words go on in the next line, below the first one */
void __attribute__((format(printf, 2, 3))) lines_say(const char *label, const char *format, ...);

#endif
