/*
 * huffman.h - length-limited prefix codes: how often each symbol occurs in,
 * lengths out, and the codes that DEFLATE makes of them (RFC 1951, section
 * 3.2.2)
 */
#ifndef FGZ_HUFFMAN_H
#define FGZ_HUFFMAN_H

#include <stdint.h>

/* The largest alphabet here: literals and lengths. */
#define FGZ_HUFFMAN_MAX_NSYMS 288
/* The longest code that DEFLATE allows; zstd's are shorter. */
#define FGZ_HUFFMAN_MAX_NBITS 15

/* A canonical code.  In a small body a quarter of the symbols occur, so what
 * follows looks at those alone. */
typedef struct fgz_huffman_code {
    /* Of every symbol; 0: it has no code. */
    uint8_t lengths[FGZ_HUFFMAN_MAX_NSYMS];
    /* Of DEFLATE, first bit lowest; undefined for symbols that have none. */
    uint16_t codes[FGZ_HUFFMAN_MAX_NSYMS];
    /* The symbols that have a code, in order. */
    uint16_t used[FGZ_HUFFMAN_MAX_NSYMS];
    unsigned used_count;
    /* How many symbols have a code of each length. */
    uint16_t length_counts[FGZ_HUFFMAN_MAX_NBITS + 1];
} fgz_huffman_code;

/* What Huffman's algorithm says of some frequencies: from it follows a code for
 * each limit. */
typedef struct fgz_huffman_tree {
    /* The symbols that have a code, in order, and rarest first. */
    uint16_t used[FGZ_HUFFMAN_MAX_NSYMS];
    uint16_t sorted[FGZ_HUFFMAN_MAX_NSYMS];
    unsigned used_count;
    /* The sum of all frequencies. */
    uint32_t total;
    /* How many symbols have a code of each length, if nothing limits it; the
     * last counts longer ones, too. */
    uint16_t length_counts[FGZ_HUFFMAN_MAX_NBITS + 1];
} fgz_huffman_tree;

/*
 * Find the shape of Huffman's tree for the symbols that occur; where fewer than
 * two do, symbols 0 and 1 make up the number, because inflaters reject codes of
 * one symbol.
 *
 * nsyms is 2 to FGZ_HUFFMAN_MAX_NSYMS, the sum of freqs below 2^22.
 */
void fgz_huffman_grow(fgz_huffman_tree *tree, const uint32_t *freqs,
                      unsigned nsyms);

/*
 * Give each symbol of the tree a length of 1 to max_nbits, so that the sum of
 * frequencies by lengths is least, but for the effect of the limit.  The
 * lengths are those of a complete code, as decoders ask for; code->codes is
 * left as it was.
 *
 * 2^max_nbits is at least the count of symbols that have a code; nsyms is as
 * above.
 */
void fgz_huffman_limit(fgz_huffman_code *code, const fgz_huffman_tree *tree,
                       unsigned nsyms, unsigned max_nbits);

/* The same, and then the codes of DEFLATE. */
void fgz_huffman_assign(fgz_huffman_code *code, const fgz_huffman_tree *tree,
                        unsigned nsyms, unsigned max_nbits);

/* All of it. */
void fgz_huffman_build(fgz_huffman_code *code, const uint32_t *freqs,
                       unsigned nsyms, unsigned max_nbits);

#endif /* FGZ_HUFFMAN_H */
