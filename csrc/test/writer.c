/*
 * A frame of one block is the body that its sequences say, for libzstd's
 * decoder: with literals of every count and every kind of codes, with every
 * code of lengths and offsets, with tables of every size and with none.  In any
 * room it is that frame or nothing, and no byte outside is touched.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "../zstd/writer.h"
#include "../alloc.h"
#include "decode.h"
#include "guard.h"
#include "rebuild.h"

#define MAX_NBYTES FGZ_SEQUENCES_MAX_NBYTES
#define MAX_LITERALS_NBYTES 65535

static uint8_t *out_end;
static uint8_t literals[MAX_LITERALS_NBYTES];
static uint8_t body[MAX_NBYTES + 1];
static uint8_t expected[2 * MAX_NBYTES];

/* How literals are to differ. */
typedef enum literals_kind {
    ONE_LITERAL,
    TWO_LITERALS,
    FEW_LITERALS,
    SKEWED_LITERALS, /* one in half of all places, the next in a quarter */
    ASCII_LITERALS,
    ALL_LITERALS,
    HIGH_LITERALS, /* few, and all from 200 on */
    MOSTLY_ONE_LITERAL,
    NLITERALS_KINDS
} literals_kind;

static uint8_t make_literal(literals_kind kind, uint32_t *state)
{
    uint32_t const random = test_random(state) >> 4;

    switch (kind) {
    case ONE_LITERAL:
        return 'x';
    case TWO_LITERALS:
        return "ab"[random & 1];
    case FEW_LITERALS:
        return "etaoin shrdlu"[random % 13];
    case SKEWED_LITERALS: {
        unsigned n = 0;

        while (n < 27 && (random >> n & 1) != 0)
            n++;
        return (uint8_t)(9 * n);
    }
    case ASCII_LITERALS:
        return (uint8_t)(32 + (random & random >> 8) % 95);
    case ALL_LITERALS:
        return (uint8_t)(random & random >> 8);
    case HIGH_LITERALS:
        return (uint8_t)(200 + (random & random >> 5) % 56);
    case MOSTLY_ONE_LITERAL:
    case NLITERALS_KINDS:
        break;
    }
    return random % 50 == 0 ? (uint8_t)(random >> 8) : 'e';
}

static void fill_literals(literals_kind kind, size_t count, uint32_t *state)
{
    for (size_t i = 0; i < count; i++)
        literals[i] = make_literal(kind, state);
}

/* No sequences, and no literals. */
static void clear(fgz_sequences *sequences)
{
    sequences->count = 0;
    sequences->literals = literals;
    sequences->nliterals = 0;
    memset(sequences->counts, 0, sizeof(sequences->counts));
}

/* Write the frame and decode it.  @return its length; 0 if there is none, which
 * may be where it would hardly be shorter than the body. */
static size_t check_frame(const fgz_sequences *sequences)
{
    size_t const nbytes = test_rebuild(sequences, 3, body, MAX_NBYTES);
    size_t const room = fgz_compress_bound(FGZ_ZSTD, nbytes);
    uint8_t *const out = out_end - room;
    size_t const made = fgz_sequences_write(sequences, nbytes, out, room);

    CHECK(made < nbytes || made == 0);
    if (made > 0) {
        CHECK(ZSTD_getFrameContentSize(out, made) == nbytes);
        test_check_decodes(FGZ_ZSTD, out, made, body, nbytes);
    }
    return made;
}

/* A sequence of the last offset, which is 1 unless there was another. */
static void add_repeat(fgz_sequences *sequences, uint32_t nliterals,
                       uint32_t match_nbytes)
{
    test_add_sequence(sequences, (test_sequence){nliterals, match_nbytes, 1});
    sequences->nliterals += nliterals;
}

/* Literals before one long match, and after it. */
static void check_literals(fgz_sequences *sequences, uint32_t *state)
{
    for (unsigned kind = 0; kind < NLITERALS_KINDS; kind++)
        for (size_t count = 2; count < 40000; count += 1 + count / 40) {
            size_t const rest = count == 2 ? 0 : test_random(state) % count;

            fill_literals((literals_kind)kind, count, state);
            clear(sequences);
            add_repeat(sequences, (uint32_t)(count - rest), 20000);
            sequences->nliterals += rest;
            CHECK(check_frame(sequences) > 0);
        }
    /* Those round the borders of headers and of one and four streams. */
    for (unsigned kind = 0; kind < NLITERALS_KINDS; kind++) {
        static const size_t borders[] = {31, 1023, 4095, 16383};

        for (size_t i = 0; i < sizeof(borders) / sizeof(*borders); i++)
            for (size_t count = borders[i] - 1; count <= borders[i] + 3;
                 count++) {
                fill_literals((literals_kind)kind, count, state);
                clear(sequences);
                add_repeat(sequences, (uint32_t)count, 20000);
                CHECK(check_frame(sequences) > 0);
            }
    }
}

/* Literals alone; and no more of them than one symbol. */
static void check_no_sequences(fgz_sequences *sequences, uint32_t *state)
{
    for (unsigned kind = 0; kind < NLITERALS_KINDS; kind++) {
        fill_literals((literals_kind)kind, MAX_NBYTES, state);
        clear(sequences);
        sequences->nliterals = MAX_NBYTES;
        CHECK(check_frame(sequences) > 0);
    }
    for (size_t count = 1; count < 300; count++) {
        fill_literals(ONE_LITERAL, count, state);
        clear(sequences);
        sequences->nliterals = count;
        CHECK((check_frame(sequences) > 0) == (count >= 32));
    }
}

/* Each code of lengths, its least length and its greatest, alone and in the
 * company of others. */
static void check_codes(fgz_sequences *sequences, uint32_t *state)
{
    fill_literals(FEW_LITERALS, MAX_LITERALS_NBYTES, state);
    for (unsigned company = 0; company <= 200; company += 100) {
        for (unsigned code = 0; code < 35; code++)
            for (unsigned is_last = 0; is_last < 2; is_last++) {
                uint32_t const nliterals =
                    is_last ? test_literals_lengths[code + 1].least - 1 :
                              test_literals_lengths[code].least;

                if (nliterals + 6 * company + 60 > MAX_NBYTES)
                    continue;
                clear(sequences);
                add_repeat(sequences, 1, 40);
                for (unsigned i = 0; i < company; i++)
                    add_repeat(sequences, 1 + i % 3, 4);
                test_add_sequence(sequences, (test_sequence){nliterals, 5, 2});
                sequences->nliterals += nliterals;
                CHECK(check_frame(sequences) > 0);
            }
        for (unsigned code = 0; code < 52; code++)
            for (unsigned is_last = 0; is_last < 2; is_last++) {
                uint32_t const match_nbytes =
                    is_last ? test_match_lengths[code + 1].least - 1 :
                              test_match_lengths[code].least;

                if (match_nbytes + 6 * company + 60 > MAX_NBYTES)
                    continue;
                clear(sequences);
                add_repeat(sequences, 1, 40);
                for (unsigned i = 0; i < company; i++)
                    add_repeat(sequences, 1 + i % 3, 4);
                add_repeat(sequences, 3, match_nbytes);
                CHECK(check_frame(sequences) > 0);
            }
        for (uint32_t offset = 1; offset < 65000; offset += 1 + offset / 3) {
            clear(sequences);
            add_repeat(sequences, 2, 65000 - 6 * company);
            for (unsigned i = 0; i < company; i++)
                add_repeat(sequences, 1 + i % 3, 4);
            test_add_sequence(sequences, (test_sequence){2, 9, offset + 3});
            sequences->nliterals += 2;
            if (offset <= 65000 - 6 * company)
                CHECK(check_frame(sequences) > 0);
        }
    }
}

/*
 * Sequences of every count up to some hundred and some more, which have few
 * codes or many, evenly or not; from none that differs to all that do.
 */
static void check_counts(fgz_sequences *sequences, uint32_t *state)
{
    for (size_t count = 1; count < 12000; count += 1 + count / 300)
        for (unsigned round = 0; round < 4; round++) {
            uint32_t const max_nliterals = test_random(state) % 6;
            uint32_t const max_more = test_random(state) % 12;
            uint32_t const max_nbits = 1 + test_random(state) % 15;
            size_t done = 30;

            fill_literals(FEW_LITERALS, MAX_LITERALS_NBYTES, state);
            clear(sequences);
            add_repeat(sequences, 10, 20);
            while (sequences->count < count) {
                uint32_t const nliterals = 1 + test_random(state) %
                                                   (1 + max_nliterals) *
                                                   (test_random(state) % 3);
                uint32_t const match_nbytes = 3 + test_random(state) %
                                                      (1 + max_more) *
                                                      (test_random(state) % 2);
                uint32_t const offset =
                    1 + (test_random(state) >> 8) %
                            (1u << test_random(state) % max_nbits);

                if (done + nliterals + match_nbytes > MAX_NBYTES)
                    break;
                test_add_sequence(
                    sequences,
                    (test_sequence){nliterals, match_nbytes,
                                    offset <= done ? offset + 3 : 1});
                sequences->nliterals += nliterals;
                done += nliterals + match_nbytes;
            }
            check_frame(sequences);
        }
}

/* Any room. */
static void check_rooms(fgz_sequences *sequences, size_t count, uint32_t *state)
{
    size_t nbytes, whole;
    size_t needed = SIZE_MAX;

    fill_literals(ASCII_LITERALS, MAX_LITERALS_NBYTES, state);
    clear(sequences);
    add_repeat(sequences, 300, 20);
    for (size_t i = 0; i < count; i++)
        add_repeat(sequences, test_random(state) % 4 + 1,
                   3 + test_random(state) % 90);
    nbytes = test_rebuild(sequences, 3, body, MAX_NBYTES);
    whole = fgz_sequences_write(sequences, nbytes, expected, sizeof(expected));
    CHECK(whole > 0);
    for (size_t room = 0; room <= whole + 64; room++) {
        uint8_t *const out = out_end - room;
        size_t made;

        memset(out - 64, 0xca, 64);
        made = fgz_sequences_write(sequences, nbytes, out, room);
        for (unsigned k = 1; k <= 64; k++)
            CHECK(out[-(int)k] == 0xca);
        CHECK(made == 0 || (made == whole && memcmp(out, expected, made) == 0));
        if (made > 0 && needed == SIZE_MAX)
            needed = room;
        CHECK((made > 0) == (room >= needed));
    }
    /* It asks for little more than it takes. */
    CHECK(needed <= whole + 16);
}

TEST_MAIN
{
    fgz_sequences *const sequences = fgz_sequences_create();
    uint8_t *own_literals;
    uint32_t state = 3111;

    CHECK(sequences != NULL);
    own_literals = sequences->literals;
    out_end = test_guarded_end();
    check_literals(sequences, &state);
    check_no_sequences(sequences, &state);
    check_codes(sequences, &state);
    check_counts(sequences, &state);
    for (size_t count = 0; count < 700; count += 1 + 3 * count)
        check_rooms(sequences, count, &state);
    sequences->literals = own_literals;
    fgz_mfree(sequences);
    return 0;
}
