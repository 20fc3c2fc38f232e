/*
 * token.h - what a parser hands to the block writer: literals and matches
 *
 * A token is one 32-bit word with room for two symbols of RFC 1951 section
 * 3.2.5, of which each is looked up once when it is written, and no decision
 * is made:
 *
 *     bits  0-8   a literal; or 256 and the length of a match less 3, which
 *                 covers symbol and extra bits
 *     bits  9-17  in a match the distance symbol; after a literal 32 and
 *                 another literal, or FGZ_NO_SECOND
 *     bits 18-30  extra bits of the distance
 *
 * Two literals in a word make a third fewer tokens, and each token is a store
 * of the parser and a round of the writer.
 */
#ifndef FGZ_TOKEN_H
#define FGZ_TOKEN_H

#include "../common.h"
#include "tables.h"

/* In place of a second symbol: none. */
#define FGZ_NO_SECOND 31u

#define FGZ_TOKEN_FIRST(token) ((token) & 511)
#define FGZ_TOKEN_SECOND(token) ((token) >> 9 & 511)
#define FGZ_TOKEN_DISTANCE_EXTRA(token) ((token) >> 18)

/*
 * The most tokens in a block.  Fewer: more dynamic headers, of 50 to 90 bytes
 * each.  More: the codes fit each part of the block less well, and the tokens
 * no longer stay in the second-level cache beside the match finder's tables.
 */
#define FGZ_BLOCK_MAX_NTOKENS 6144

/* The tokens of one block, and how often each symbol occurs in them. */
typedef struct fgz_tokens {
    /* Of the block before, rounded down; 0 in the first block: the mean cost
     * of a literal in bits, 0 also if it was stored; and the mean number of
     * bytes that a token stood for. */
    unsigned literal_nbits;
    unsigned token_nbytes;
    size_t count;
    size_t has_room; /* 1 if the last token may take a second literal, or 0 */
    uint32_t litlen_freqs[FGZ_LITLEN_NSYMS];
    uint32_t distance_freqs[FGZ_DISTANCE_NSYMS];
    /* One more than may be used: a literal is put where it would go alone
     * before it is known to share the token before. */
    uint32_t list[FGZ_BLOCK_MAX_NTOKENS + 1];
} fgz_tokens;

/* Begin a block. */
FGZ_INLINE void fgz_tokens_clear(fgz_tokens *tokens)
{
    tokens->count = 0;
    tokens->has_room = 0;
    memset(tokens->litlen_freqs, 0, sizeof(tokens->litlen_freqs));
    memset(tokens->distance_freqs, 0, sizeof(tokens->distance_freqs));
}

/* Whether literals alternate between first and second place is as good as
 * random, so there is no branch. */
FGZ_INLINE void fgz_tokens_add_literal(fgz_tokens *tokens, uint8_t literal)
{
    size_t const has_room = tokens->has_room;
    uint32_t *const token = &tokens->list[tokens->count - has_room];
    uint32_t const alone = literal | FGZ_NO_SECOND << 9;
    uint32_t const shared = *token + ((literal + 32 - FGZ_NO_SECOND) << 9);

    tokens->litlen_freqs[literal]++;
    *token = has_room ? shared : alone;
    tokens->count += 1 - has_room;
    tokens->has_room = 1 - has_room;
}

/* Two literals at once, for parsers that find them so. */
FGZ_INLINE void fgz_tokens_add_two_literals(fgz_tokens *tokens, uint8_t first,
                                            uint8_t second)
{
    tokens->litlen_freqs[first]++;
    tokens->litlen_freqs[second]++;
    tokens->list[tokens->count++] = first | (second + 32u) << 9;
    tokens->has_room = 0;
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

    if (from_one >= 4) {
        unsigned const extra_nbits = fgz_highest_bit32(from_one) - 1;

        sym = 2 * extra_nbits + (from_one >> extra_nbits);
        extra = from_one & ((1u << extra_nbits) - 1);
    }
    tokens->litlen_freqs[fgz_length_syms[length - FGZ_MIN_MATCH]]++;
    tokens->distance_freqs[sym]++;
    tokens->list[tokens->count++] =
        (256 - FGZ_MIN_MATCH + length) | sym << 9 | extra << 18;
    tokens->has_room = 0;
}

#endif /* FGZ_TOKEN_H */
