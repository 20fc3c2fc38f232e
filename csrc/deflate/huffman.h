/*
 * huffman.h - length-limited prefix codes, RFC 1951 section 3.2.2
 */
#ifndef FGZ_HUFFMAN_H
#define FGZ_HUFFMAN_H

#include <stdint.h>

/* The largest alphabet here: literals and lengths. */
#define FGZ_HUFFMAN_MAX_NSYMS 288
/* The longest code that DEFLATE allows. */
#define FGZ_HUFFMAN_MAX_NBITS 15

/*
 * An emission entry: all it takes to write a symbol.
 *
 *     bits  0-14  the code, first bit lowest
 *     bits 16-20  length of the code in bits
 *     bits 24-27  count of extra bits that follow it
 */
#define FGZ_ENTRY_CODE(entry) ((entry) & 0x7fff)
#define FGZ_ENTRY_CODE_NBITS(entry) ((entry) >> 16 & 31)
#define FGZ_ENTRY_EXTRA_NBITS(entry) ((entry) >> 24)

/*
 * Give each symbol that occurs a code length from 1 to max_nbits, and 0 to the
 * others, so that the sum of freqs[s] * lengths[s] is least but for the effect
 * of the limit.
 *
 * The code is always complete and has at least two symbols, because inflaters
 * reject other codes: where fewer than two symbols occur, symbols 0 and 1 make
 * up the number.
 *
 * nsyms is 2 to FGZ_HUFFMAN_MAX_NSYMS, the sum of freqs below 2^23, and
 * 2^max_nbits >= nsyms.
 */
void fgz_huffman_lengths(const uint32_t *freqs, unsigned nsyms,
                         unsigned max_nbits, uint8_t *lengths);

/*
 * Write the canonical code for these lengths as emission entries with no extra
 * bits.  Entries of symbols that do not occur are 0.
 */
void fgz_huffman_entries(const uint8_t *lengths, unsigned nsyms,
                         uint32_t *entries);

#endif /* FGZ_HUFFMAN_H */
