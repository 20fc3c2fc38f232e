/*
 * token.h - what a parser hands to the block writer: literals and matches
 *
 * A token is one 32-bit word that already holds the symbols and extra bits of
 * RFC 1951 section 3.2.5, so that writing it needs two table look-ups and no
 * decision:
 *
 *     bits  0-8   literal/length symbol
 *     bits  9-13  distance symbol; FGZ_NO_DISTANCE in a literal
 *     bits 14-18  extra bits of the length
 *     bits 19-31  extra bits of the distance
 */
#ifndef FGZ_TOKEN_H
#define FGZ_TOKEN_H

#include "../common.h"
#include "tables.h"

/* A distance symbol whose emission entry is empty. */
#define FGZ_NO_DISTANCE 31u

#define FGZ_TOKEN_SYM(token) ((token) & 511)
#define FGZ_TOKEN_DISTANCE_SYM(token) ((token) >> 9 & 31)
#define FGZ_TOKEN_LENGTH_EXTRA(token) ((token) >> 14 & 31)
#define FGZ_TOKEN_DISTANCE_EXTRA(token) ((token) >> 19)

/*
 * The most tokens in a block.  Fewer: more dynamic headers, of 50 to 90 bytes
 * each.  More: the codes fit each part of the block less well, and the tokens
 * no longer stay in the second-level cache beside the match finder's tables.
 */
#define FGZ_BLOCK_MAX_NTOKENS 8192

/* The tokens of one block, and how often each symbol occurs in them. */
typedef struct fgz_tokens {
    /* Of the block before, rounded down; 0 in the first block: the mean cost
     * of a literal in bits, 0 also if it was stored; and the mean number of
     * bytes that a token stood for. */
    unsigned literal_nbits;
    unsigned token_nbytes;
    size_t count;
    uint32_t litlen_freqs[FGZ_LITLEN_NSYMS];
    uint32_t distance_freqs[32];
    uint32_t list[FGZ_BLOCK_MAX_NTOKENS];
} fgz_tokens;

/* Begin a block. */
FGZ_INLINE void fgz_tokens_clear(fgz_tokens *tokens)
{
    tokens->count = 0;
    memset(tokens->litlen_freqs, 0, sizeof(tokens->litlen_freqs));
    memset(tokens->distance_freqs, 0, sizeof(tokens->distance_freqs));
}

FGZ_INLINE void fgz_tokens_add_literal(fgz_tokens *tokens, uint8_t literal)
{
    tokens->litlen_freqs[literal]++;
    tokens->list[tokens->count++] = literal | FGZ_NO_DISTANCE << 9;
}

/*
 * Distance symbols 2k and 2k + 1 share a highest bit of distance - 1, and
 * differ in the bit below it; what is below that is the extra bits.
 */
FGZ_INLINE void fgz_tokens_add_match(fgz_tokens *tokens, uint32_t length,
                                     uint32_t distance)
{
    uint32_t const from_one = distance - 1;
    uint32_t sym = from_one;
    uint32_t extra = 0;
    uint32_t token = fgz_length_tokens[length];

    if (from_one >= 4) {
        unsigned const extra_nbits = fgz_highest_bit32(from_one) - 1;

        sym = 2 * extra_nbits + (from_one >> extra_nbits);
        extra = from_one & ((1u << extra_nbits) - 1);
    }
    tokens->litlen_freqs[FGZ_TOKEN_SYM(token)]++;
    tokens->distance_freqs[sym]++;
    token |= sym << 9 | extra << 19;
    tokens->list[tokens->count++] = token;
}

#endif /* FGZ_TOKEN_H */
