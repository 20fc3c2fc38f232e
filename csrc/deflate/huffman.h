/*
 * huffman.h - length-limited prefix codes, RFC 1951 section 3.2.2: how often
 * each symbol occurs in, lengths and codes out
 */
#ifndef FGZ_HUFFMAN_H
#define FGZ_HUFFMAN_H

#include <stdint.h>

/* The largest alphabet here: literals and lengths. */
#define FGZ_HUFFMAN_MAX_NSYMS 288
/* The longest code that DEFLATE allows. */
#define FGZ_HUFFMAN_MAX_NBITS 15

/* A canonical code.  In a small body a quarter of the symbols occur, so what
 * follows looks at those alone. */
typedef struct fgz_huffman_code {
    /* Of every symbol; 0: it has no code. */
    uint8_t lengths[FGZ_HUFFMAN_MAX_NSYMS];
    /* First bit lowest; undefined for symbols that have none. */
    uint16_t codes[FGZ_HUFFMAN_MAX_NSYMS];
    /* The symbols that have a code, in order. */
    uint16_t used[FGZ_HUFFMAN_MAX_NSYMS];
    unsigned used_count;
} fgz_huffman_code;

/*
 * Give each symbol that occurs a code of 1 to max_nbits, so that the sum of
 * freqs[s] * lengths[s] is least but for the effect of the limit.
 *
 * The code is always complete and has at least two symbols, because inflaters
 * reject other codes: where fewer than two symbols occur, symbols 0 and 1 make
 * up the number.
 *
 * nsyms is 2 to FGZ_HUFFMAN_MAX_NSYMS, the sum of freqs below 2^23, and
 * 2^max_nbits >= nsyms.
 */
void fgz_huffman_build(fgz_huffman_code *code, const uint32_t *freqs,
                       unsigned nsyms, unsigned max_nbits);

#endif /* FGZ_HUFFMAN_H */
