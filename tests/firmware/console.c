// SPDX-License-Identifier: GPL-2.0-only
/* A few words on the UART that is Linux's console too. */
#include "el3.h"

#define PL011_DR		(UART_BASE + 0x00)
#define PL011_FR		(UART_BASE + 0x18)
#define PL011_FR_TXFF		BIT(5)
#define PL011_LCR_H		(UART_BASE + 0x2c)
#define PL011_LCR_H_8N1_FIFO	0x70
#define PL011_CR		(UART_BASE + 0x30)
#define PL011_CR_ON		0x301		/* receive, transmit, enable */

void console_init(void)
{
	write32(PL011_LCR_H, PL011_LCR_H_8N1_FIFO);
	write32(PL011_CR, PL011_CR_ON);
}

static void put(char c)
{
	while (read32(PL011_FR) & PL011_FR_TXFF)
		;
	write32(PL011_DR, c);
}

void print(const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			put('\r');
		put(*s);
	}
}

/* Without leading zeros */
void print_hex(uint64_t value)
{
	int shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	print("0x");
	for (; shift >= 0; shift -= 4)
		put("0123456789abcdef"[value >> shift & 0xf]);
}

void print_decimal(uint64_t value)
{
	if (value >= 10)
		print_decimal(value / 10);
	put('0' + value % 10);
}
