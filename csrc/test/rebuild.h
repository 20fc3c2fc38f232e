/*
 * rebuild.h - a body from its sequences, and sequences of lengths and offsets,
 * as RFC 8878 says, by nothing that finds or writes them
 */
#ifndef FGZ_TEST_REBUILD_H
#define FGZ_TEST_REBUILD_H

#include "../zstd/sequences.h"
#include "test.h"

/* A code of lengths, section 3.1.1.3.2.1.1: the least, and how many bits say
 * how much longer. */
typedef struct test_length_code {
    uint32_t least;
    uint8_t nbits;
} test_length_code;

static const test_length_code test_literals_lengths[36] = {
    {0, 0},     {1, 0},     {2, 0},     {3, 0},      {4, 0},      {5, 0},
    {6, 0},     {7, 0},     {8, 0},     {9, 0},      {10, 0},     {11, 0},
    {12, 0},    {13, 0},    {14, 0},    {15, 0},     {16, 1},     {18, 1},
    {20, 1},    {22, 1},    {24, 2},    {28, 2},     {32, 3},     {40, 3},
    {48, 4},    {64, 6},    {128, 7},   {256, 8},    {512, 9},    {1024, 10},
    {2048, 11}, {4096, 12}, {8192, 13}, {16384, 14}, {32768, 15}, {65536, 16},
};

static const test_length_code test_match_lengths[53] = {
    {3, 0},     {4, 0},     {5, 0},      {6, 0},      {7, 0},      {8, 0},
    {9, 0},     {10, 0},    {11, 0},     {12, 0},     {13, 0},     {14, 0},
    {15, 0},    {16, 0},    {17, 0},     {18, 0},     {19, 0},     {20, 0},
    {21, 0},    {22, 0},    {23, 0},     {24, 0},     {25, 0},     {26, 0},
    {27, 0},    {28, 0},    {29, 0},     {30, 0},     {31, 0},     {32, 0},
    {33, 0},    {34, 0},    {35, 1},     {37, 1},     {39, 1},     {41, 1},
    {43, 2},    {47, 2},    {51, 3},     {59, 3},     {67, 4},     {83, 4},
    {99, 5},    {131, 7},   {259, 8},    {515, 9},    {1027, 10},  {2051, 11},
    {4099, 12}, {8195, 13}, {16387, 14}, {32771, 15}, {65539, 16},
};

/* What a sequence says. */
typedef struct test_sequence {
    uint32_t nliterals;
    uint32_t match_nbytes;
    uint32_t offset_value;
} test_sequence;

/* Take count of the lowest bits. */
static inline uint32_t rebuild_take(uint64_t *bits, unsigned count)
{
    uint32_t const taken = (uint32_t)(*bits & ((1ull << count) - 1));

    *bits >>= count;
    return taken;
}

static inline test_sequence test_read_sequence(const fgz_sequence *sequence)
{
    test_length_code const literals =
        test_literals_lengths[sequence->literals_code];
    test_length_code const match = test_match_lengths[sequence->match_code];
    uint64_t extra = sequence->extra;
    test_sequence found;

    CHECK(sequence->extra_nbits ==
          literals.nbits + match.nbits + sequence->offset_code);
    CHECK(sequence->extra >> sequence->extra_nbits == 0);
    found.nliterals = literals.least + rebuild_take(&extra, literals.nbits);
    found.match_nbytes = match.least + rebuild_take(&extra, match.nbits);
    found.offset_value = (1u << sequence->offset_code) + (uint32_t)extra;
    return found;
}

/* The code of a length, of count codes. */
static inline unsigned rebuild_code(const test_length_code *codes,
                                    unsigned count, uint32_t length)
{
    unsigned code = count - 1;

    while (codes[code].least > length)
        code--;
    return code;
}

/* Add a sequence to those there are. */
static inline void test_add_sequence(fgz_sequences *sequences,
                                     test_sequence added)
{
    fgz_sequence *const sequence = &sequences->list[sequences->count++];
    unsigned const literals =
        rebuild_code(test_literals_lengths, 36, added.nliterals);
    unsigned const match =
        rebuild_code(test_match_lengths, 53, added.match_nbytes);
    unsigned const literals_nbits = test_literals_lengths[literals].nbits;
    unsigned const match_nbits = test_match_lengths[match].nbits;
    unsigned offset = 0;

    while (added.offset_value >> offset > 1)
        offset++;
    sequence->extra =
        (uint64_t)(added.offset_value - (1u << offset))
            << (literals_nbits + match_nbits) |
        (uint64_t)(added.match_nbytes - test_match_lengths[match].least)
            << literals_nbits |
        (added.nliterals - test_literals_lengths[literals].least);
    sequence->literals_code = (uint8_t)literals;
    sequence->match_code = (uint8_t)match;
    sequence->offset_code = (uint8_t)offset;
    sequence->extra_nbits = (uint8_t)(literals_nbits + match_nbits + offset);
    sequences->counts[FGZ_LITERALS_LENGTHS][literals]++;
    sequences->counts[FGZ_MATCH_LENGTHS][match]++;
    sequences->counts[FGZ_OFFSETS][offset]++;
}

/* The offset that a value means, section 3.1.1.5; the last three change. */
static inline size_t rebuild_offset(uint32_t value, bool has_literals,
                                    size_t *recent)
{
    uint32_t const which = value - 1 + (has_literals ? 0 : 1);
    size_t offset;

    CHECK(value >= 1);
    if (value > 3 || which == 3) {
        offset = value > 3 ? value - 3 : recent[0] - 1;
        recent[2] = recent[1];
        recent[1] = recent[0];
    } else {
        offset = recent[which];
        if (which == 2)
            recent[2] = recent[1];
        if (which >= 1)
            recent[1] = recent[0];
    }
    recent[0] = offset;
    return offset;
}

/*
 * Put the body together that sequences say, which are of matches of min_match
 * bytes or more and have these counts of codes.
 *
 * @return its length, at most max_nbytes, for which there is room.
 */
static inline size_t test_rebuild(const fgz_sequences *sequences,
                                  uint32_t min_match, uint8_t *out,
                                  size_t max_nbytes)
{
    const uint8_t *literals = sequences->literals;
    const uint8_t *const literals_end = literals + sequences->nliterals;
    uint32_t counts[FGZ_NCODE_KINDS][FGZ_MAX_NCODES] = {{0}};
    size_t recent[3] = {1, 4, 8};
    size_t done = 0;

    for (size_t i = 0; i < sequences->count; i++) {
        const fgz_sequence *const codes = &sequences->list[i];
        test_sequence const sequence = test_read_sequence(codes);
        size_t offset;

        counts[FGZ_LITERALS_LENGTHS][codes->literals_code]++;
        counts[FGZ_OFFSETS][codes->offset_code]++;
        counts[FGZ_MATCH_LENGTHS][codes->match_code]++;
        CHECK(sequence.nliterals <= max_nbytes - done);
        CHECK(sequence.nliterals <= (size_t)(literals_end - literals));
        memcpy(out + done, literals, sequence.nliterals);
        literals += sequence.nliterals;
        done += sequence.nliterals;
        offset = rebuild_offset(sequence.offset_value, sequence.nliterals > 0,
                                recent);
        CHECK(sequence.match_nbytes >= min_match);
        CHECK(sequence.match_nbytes <= max_nbytes - done);
        CHECK(1 <= offset && offset <= done);
        for (size_t k = 0; k < sequence.match_nbytes; k++, done++)
            out[done] = out[done - offset];
    }
    CHECK(memcmp(counts, sequences->counts, sizeof(counts)) == 0);
    CHECK((size_t)(literals_end - literals) <= max_nbytes - done);
    if (literals < literals_end)
        memcpy(out + done, literals, (size_t)(literals_end - literals));
    return done + (size_t)(literals_end - literals);
}

/* Check that the sequences say exactly this body; out has room for it. */
static inline void test_check_sequences(const fgz_sequences *sequences,
                                        const uint8_t *body, size_t body_nbytes,
                                        uint8_t *out)
{
    CHECK(test_rebuild(sequences, 4, out, body_nbytes) == body_nbytes);
    CHECK(memcmp(out, body, body_nbytes) == 0);
}

#endif /* FGZ_TEST_REBUILD_H */
