/*
 * parse.h - parsers turn input into tokens
 *
 * A parser searches the input before a position for strings that occur again,
 * and decides which to use.  There are two: fast (one or two places to look
 * at) and lazy (hash chains, looks ahead before it accepts).  They share the
 * tables, the idea of a position, and the contract of fgz_parser.
 *
 * POSITIONS are kept modulo 2^16, half the size of anything that could hold
 * them all, and are never adjusted.  An entry may therefore be stale, or stand
 * for no position at all; both are harmless.  A distance is only believed if
 * it is 1 to max_distance and does not reach before the input; and then the
 * bytes are compared, so a wrong entry can only be useless.
 *
 * A position's distance need not be compared with where the input begins:
 * either the input begins with its stream, and no entry is before that, or it
 * begins max_distance before what is parsed, or earlier.
 *
 * The tables are cleared before each stream.  Without that, the choice between
 * equal matches would depend on what an earlier body left behind.
 */
#ifndef FGZ_PARSE_H
#define FGZ_PARSE_H

#include "../common.h"
#include "token.h"

/* The smallest hash table, as a power of 2; the largest is the level's. */
#define FGZ_HASH_MIN_NBITS 9

/* Matches of 3 bytes are only good nearby, where a small table knows them. */
#define FGZ_HASH3_NBITS 11

/*
 * Hashes are taken from an 8-byte load, so a position takes part in the tables
 * once 8 bytes from it on are known.
 */
#define FGZ_HASH_LOAD_NBYTES 8

/* A parser that has room for this many tokens adds at least one: two literals
 * and the match that follows them. */
#define FGZ_PARSE_MIN_NTOKENS 3

typedef struct fgz_match {
    uint32_t length; /* 0: none */
    uint32_t distance;
} fgz_match;

/* Where a parser may look. */
typedef struct fgz_input {
    const uint8_t *begin;    /* the first byte that a match may refer to */
    const uint8_t *end;      /* nothing is read from here on */
    uint32_t begin_position; /* the position of begin in its stream */
} fgz_input;

/* Each head is the latest position for a hash of some bytes. */
typedef struct fgz_finder {
    uint16_t *short_heads; /* lazy: of 4 bytes; fast: of 4 or 5 */
    uint16_t *mid_heads;   /* lazy: of 6 bytes, or NULL */
    uint16_t *long_heads;  /* lazy: of 8 bytes; fast: of 8, or NULL */
    /* The largest distance to use, a power of 2. */
    uint32_t max_distance;
    /* Lazy: for each position modulo max_distance, how far back the one before
     * it with the same hash of 8 bytes is, so that these form chains; and
     * heads of 3 bytes, kept up only sometimes. */
    uint16_t *steps;
    uint16_t *heads3;
    bool has_heads3;
    unsigned hash_nbits; /* of all but heads3 */
    /* How many positions just before the next one are not yet in the tables,
     * because too few bytes were known after them. */
    size_t missing;
} fgz_finder;

/* What a level means to its parser. */
typedef struct fgz_effort {
    /* How many positions are tried.  Lazy: of a chain; its time is nearly
     * proportional to this in repetitive input.  Fast: one or two. */
    uint16_t max_depth;
    /* A match this long ends the search.  Lower is faster on long runs. */
    uint16_t nice_nbytes;
    /* A match this long is accepted without a look at the next position. */
    uint16_t lazy_nbytes;
    /* Of a match more than four times this long, only this many positions at
     * each end enter the tables: its middle is also found where it was copied
     * from.  16 instead of all saves 3 % of the time and costs 0.2 % of size,
     * 1 to 2 % in repetitive input. */
    uint16_t entered_per_end;
    /* Whether the position after the next is tried too: 1 % smaller, 5 % more
     * time. */
    bool looks_two_ahead;
    /* The mean cost of a literal in bits from which on matches of 3 bytes are
     * used, see parse_lazy.c. */
    uint8_t match3_literal_nbits;
    /* Whether the finder has mid_heads, see parse_lazy.c. */
    bool has_mid_heads;
} fgz_effort;

/*
 * Parse from next on, adding tokens, until next is at least stop or there is no
 * room for FGZ_PARSE_MIN_NTOKENS more below tokens->limit.  A match may go
 * beyond stop, not beyond input->end.  The tables of finder are those that the
 * same parser left.
 *
 * @return the position after the last token.
 */
typedef const uint8_t *fgz_parser(fgz_finder *finder, const fgz_input *input,
                                  const uint8_t *next, const uint8_t *stop,
                                  const fgz_effort *effort, fgz_tokens *tokens);

fgz_parser fgz_parse_fast;
fgz_parser fgz_parse_lazy;

/*
 * The length of the match between two places in the input, of which at least
 * known bytes match already, not longer than max_nbytes from next.
 */
FGZ_INLINE uint32_t fgz_match_length(const uint8_t *next,
                                     const uint8_t *candidate, uint32_t known,
                                     uint32_t max_nbytes)
{
    uint32_t length = known;

    while (length + 8 <= max_nbytes) {
        uint64_t const difference = fgz_load_le64(next + length) ^
                                    fgz_load_le64(candidate + length);
        if (difference != 0)
            return length + (fgz_lowest_bit64(difference) >> 3);
        length += 8;
    }
    while (length < max_nbytes && next[length] == candidate[length])
        length++;
    return length;
}

/* Where fewer bytes are left than are loaded for a hash: from here on there is
 * only fgz_put_at_end. */
FGZ_INLINE const uint8_t *fgz_input_tail(const fgz_input *input)
{
    return input->end - input->begin < FGZ_HASH_LOAD_NBYTES ?
           input->begin : input->end - (FGZ_HASH_LOAD_NBYTES - 1);
}

/* The longest match that the format and the input allow from next on. */
FGZ_INLINE uint32_t fgz_max_match(const uint8_t *next, const fgz_input *input)
{
    return (uint32_t)fgz_min_size((size_t)(input->end - next), FGZ_MAX_MATCH);
}

/* What makes the low bits of an address its position: their difference. */
FGZ_INLINE uint32_t fgz_position_bias(const fgz_input *input)
{
    return input->begin_position - (uint32_t)(uintptr_t)input->begin;
}

/* Its low 16 bits are the position. */
FGZ_INLINE uint32_t fgz_position(const uint8_t *next, uint32_t bias)
{
    return (uint32_t)(uintptr_t)next + bias;
}

/*
 * Multiplicative hashing (Knuth, volume 3, section 6.4): the top bits of the
 * product with an odd constant near 2^w / golden ratio.  The 64-bit constant
 * serves any number of bytes, because those left out are shifted out.
 */
FGZ_INLINE uint32_t fgz_hash(uint64_t bytes, unsigned nbytes, unsigned nbits)
{
    return (uint32_t)(((bytes << (64 - 8 * nbytes)) * 0x9e3779b97f4a7c15u) >>
                      (64 - nbits));
}

/*
 * Put one token, even where fewer than FGZ_HASH_LOAD_NBYTES are known: the
 * match with the latest place that had the same hash_nbytes, 4 or 5, or else a
 * literal; and next into the table of those places.  In short events, flushed
 * one by one, the last bytes are a tenth of all.
 *
 * @return the bytes that the token stands for.
 */
FGZ_INLINE uint32_t fgz_put_at_end(fgz_token_writer *tokens, uint16_t *heads,
                                   unsigned hash_nbits, unsigned hash_nbytes,
                                   uint32_t max_distance,
                                   const fgz_input *input, const uint8_t *next)
{
    uint32_t const max_nbytes = fgz_max_match(next, input);
    uint32_t const position = fgz_position(next, fgz_position_bias(input));
    uint64_t bytes;
    uint16_t *head;
    uint32_t distance, length;

    if (max_nbytes < hash_nbytes) {
        fgz_put_literal(tokens, *next);
        return 1;
    }
    bytes = fgz_load_le32(next);
    if (hash_nbytes > 4)
        bytes |= (uint64_t)next[4] << 32;
    head = &heads[fgz_hash(bytes, hash_nbytes, hash_nbits)];
    distance = (uint16_t)(position - *head);
    *head = (uint16_t)position;
    if (distance - 1 >= max_distance ||
        fgz_load_le32(next - distance) != (uint32_t)bytes) {
        fgz_put_literal(tokens, *next);
        return 1;
    }
    length = fgz_match_length(next, next - distance, 4, max_nbytes);
    fgz_put_match(tokens, length, distance);
    return length;
}

#endif /* FGZ_PARSE_H */
