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

/* How often each symbol occurs in some tokens. */
typedef struct fgz_histogram {
    uint32_t litlen[FGZ_LITLEN_NSYMS];
    uint32_t distance[FGZ_DISTANCE_NSYMS];
} fgz_histogram;

/* The tokens of one block. */
typedef struct fgz_tokens {
    /* Of the input just before, rounded down: the mean cost of a literal in
     * bits; 0 where it is not known or literals were stored. */
    unsigned literal_nbits;
    size_t count;
    size_t limit; /* of count, at most max_count */
    size_t max_count;
    fgz_histogram freqs; /* with one end of block */
    /* Room for one more than max_count: a literal is put where it would go
     * alone before it is known to share the token before. */
    uint32_t *list;
} fgz_tokens;

/* Begin a block. */
FGZ_INLINE void fgz_tokens_clear(fgz_tokens *tokens)
{
    tokens->count = 0;
    memset(&tokens->freqs, 0, sizeof(tokens->freqs));
    tokens->freqs.litlen[FGZ_END_OF_BLOCK] = 1;
}

/* Where a parser adds tokens; while it runs this stays in registers, apart
 * from what its stores might change. */
typedef struct fgz_token_writer {
    uint32_t *next;
    uint32_t *limit;
    size_t has_room; /* 1 if the last token may take a second literal, or 0 */
    fgz_histogram *freqs;
} fgz_token_writer;

FGZ_INLINE fgz_token_writer fgz_tokens_begin(fgz_tokens *tokens)
{
    return (fgz_token_writer){tokens->list + tokens->count,
                              tokens->list + tokens->limit, 0, &tokens->freqs};
}

FGZ_INLINE void fgz_tokens_end(fgz_tokens *tokens,
                               const fgz_token_writer *writer)
{
    tokens->count = (size_t)(writer->next - tokens->list);
}

/* How many tokens there is room for. */
FGZ_INLINE size_t fgz_tokens_avail(const fgz_token_writer *writer)
{
    return (size_t)(writer->limit - writer->next);
}

/* Whether literals alternate between first and second place is as good as
 * random, so there is no branch. */
FGZ_INLINE void fgz_put_literal(fgz_token_writer *writer, uint8_t literal)
{
    size_t const has_room = writer->has_room;
    uint32_t *const token = writer->next - has_room;
    uint32_t const alone = literal | FGZ_NO_SECOND << 9;
    uint32_t const shared = *token + ((literal + 32 - FGZ_NO_SECOND) << 9);

    writer->freqs->litlen[literal]++;
    /* A conditional expression would become a branch: 1 % of the time. */
    *token = alone ^ ((shared ^ alone) & (0u - (uint32_t)has_room));
    writer->next = token + 1;
    writer->has_room = 1 - has_room;
}

/* Two literals at once, for parsers that find them so. */
FGZ_INLINE void fgz_put_two_literals(fgz_token_writer *writer, uint8_t first,
                                     uint8_t second)
{
    writer->freqs->litlen[first]++;
    writer->freqs->litlen[second]++;
    *writer->next++ = first | (second + 32u) << 9;
    writer->has_room = 0;
}

/*
 * Distance symbols 2k and 2k + 1 share a highest bit of distance - 1, and
 * differ in the bit below it; what is below that is the extra bits.
 */
FGZ_INLINE uint32_t fgz_match_token(uint32_t length, uint32_t distance)
{
    uint32_t const from_one = distance - 1;
    uint32_t sym = from_one;
    uint32_t extra = 0;

    if (from_one >= 4) {
        unsigned const extra_nbits = fgz_highest_bit32(from_one) - 1;

        sym = 2 * extra_nbits + (from_one >> extra_nbits);
        extra = from_one & ((1u << extra_nbits) - 1);
    }
    return (256 - FGZ_MIN_MATCH + length) | sym << 9 | extra << 18;
}

FGZ_INLINE void fgz_put_match(fgz_token_writer *writer, uint32_t length,
                              uint32_t distance)
{
    uint32_t const token = fgz_match_token(length, distance);

    writer->freqs->litlen[fgz_length_syms[length - FGZ_MIN_MATCH]]++;
    writer->freqs->distance[FGZ_TOKEN_SECOND(token)]++;
    *writer->next++ = token;
    writer->has_room = 0;
}

#endif /* FGZ_TOKEN_H */
