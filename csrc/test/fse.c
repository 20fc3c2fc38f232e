/*
 * Finite state entropy, by a decoder that is written here from RFC 8878: states
 * are all given out, and to each symbol that occurs; what describes a
 * distribution says it; what is written by a table is read again, and takes
 * what it should; and the predefined tables are those of their distributions.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "../zstd/fse.h"

#include "../zstd/constants.h"
#include "guard.h"

#define MAX_SIZE (1 << FGZ_FSE_MAX_LOG)
#define MAX_COUNT 3000

/* The logarithm of a number to base 2, digit by digit. */
static double log2_of(unsigned n)
{
    double rest = n;
    double sum = 0;

    for (; rest >= 2; rest /= 2)
        sum++;
    for (double digit = 0.5; digit > 1e-6; digit /= 2) {
        rest *= rest;
        if (rest >= 2) {
            rest /= 2;
            sum += digit;
        }
    }
    return sum;
}

/* A decoder's state, section 4.1.1. */
typedef struct decoder_state {
    unsigned sym;
    unsigned nbits;
    unsigned base;
} decoder_state;

/* Read nbits from bit *at on. */
static unsigned read_bits(const uint8_t *bytes, size_t *at, unsigned nbits)
{
    unsigned value = 0;

    for (unsigned i = 0; i < nbits; i++, ++*at)
        value |= (bytes[*at / 8] >> *at % 8 & 1u) << i;
    return value;
}

/*
 * Read a description, section 4.1.1; *nsyms_ptr becomes how many symbols it
 * has, and states[sym] the states of each, -1 for a probability of less than 1.
 *
 * @return its length.
 */
static size_t read_description(const uint8_t *bytes, int *states,
                               unsigned *nsyms_ptr, unsigned *log_ptr)
{
    size_t at = 0;
    unsigned const log = read_bits(bytes, &at, 4) + 5;
    int left = 1 << log;
    unsigned sym = 0;

    while (left > 0) {
        unsigned const max = (unsigned)left + 1;
        unsigned nbits = 0;
        unsigned nshort, value;

        while (max >> nbits != 0)
            nbits++;
        nshort = (1u << nbits) - 1 - max;
        value = read_bits(bytes, &at, nbits - 1);
        if (value >= nshort) {
            value |= read_bits(bytes, &at, 1) << (nbits - 1);
            if (value >= 1u << (nbits - 1))
                value -= nshort;
        }
        states[sym] = (int)value - 1;
        left -= value == 0 ? 1 : (int)value - 1;
        CHECK(left >= 0);
        sym++;
        if (value == 1) {
            unsigned nzeros;

            do {
                nzeros = read_bits(bytes, &at, 2);
                for (unsigned k = 0; k < nzeros; k++)
                    states[sym++] = 0;
            } while (nzeros == 3);
        }
    }
    *nsyms_ptr = sym;
    *log_ptr = log;
    return (at + 7) / 8;
}

/* The states of a decoder, by how many there are of each symbol. */
static void make_decoder(decoder_state *decoder, const int *states,
                         unsigned nsyms, unsigned log)
{
    unsigned const size = 1u << log;
    unsigned end = size;
    unsigned at = 0;
    unsigned next[FGZ_FSE_MAX_NSYMS];

    for (unsigned sym = 0; sym < nsyms; sym++)
        if (states[sym] == -1)
            decoder[--end].sym = sym;
    for (unsigned sym = 0; sym < nsyms; sym++)
        for (int k = 0; k < states[sym]; k++) {
            decoder[at].sym = sym;
            do
                at = (at + (size >> 1) + (size >> 3) + 3) % size;
            while (at >= end);
        }
    CHECK(at == 0);
    for (unsigned sym = 0; sym < nsyms; sym++)
        next[sym] = states[sym] == -1 ? 1 : (unsigned)states[sym];
    for (unsigned state = 0; state < size; state++) {
        unsigned const number = next[decoder[state].sym]++;
        unsigned nbits = 0;

        while (number << nbits < size)
            nbits++;
        decoder[state].nbits = nbits;
        decoder[state].base = (number << nbits) - size;
    }
}

/* Write symbols by a table; a decoder of these states reads them again. */
static size_t check_symbols(const fgz_fse_table *table,
                            const decoder_state *decoder, unsigned log,
                            const uint8_t *syms, size_t count)
{
    static uint8_t bytes[2 * MAX_COUNT + 64];
    fgz_bitwriter out = {0, 0, bytes, NULL};
    uint32_t state = fgz_fse_begin(table, syms[count - 1]);
    unsigned place;
    size_t at;

    CHECK(table->log == log);
    for (size_t i = count - 1; i-- > 0;) {
        unsigned nbits;
        uint32_t const former = state;

        state = fgz_fse_previous(table, former, syms[i], &nbits);
        fgz_bits_put(&out, fgz_low_bits(former, nbits), nbits);
        fgz_bits_flush_fast(&out);
    }
    fgz_bits_put(&out, fgz_low_bits(state, log), log);
    fgz_fse_end(&out);

    at = 8 * (size_t)(out.next - bytes) - 1;
    while ((bytes[at / 8] >> at % 8 & 1) == 0)
        at--;
    at -= log;
    place = 0;
    for (size_t i = 0, bit = at; i < log; i++, bit++)
        place |= (bytes[bit / 8] >> bit % 8 & 1u) << i;
    for (size_t i = 0; i < count; i++) {
        decoder_state const found = decoder[place];
        size_t bit;

        CHECK(found.sym == syms[i]);
        if (i + 1 == count)
            break;
        CHECK(found.nbits <= at);
        at -= found.nbits;
        bit = at;
        place = found.base + read_bits(bytes, &bit, found.nbits);
    }
    CHECK(at == 0);
    return (size_t)(out.next - bytes);
}

/* Distribute, describe, build, write and read symbols that occur so often. */
static void check_counts(const uint32_t *counts, unsigned nsyms, unsigned log,
                         uint8_t *room_end, uint32_t *state)
{
    uint8_t *const room = room_end - FGZ_FSE_DESCRIPTION_MAX_NBYTES;
    fgz_fse_distribution distribution;
    fgz_fse_table table;
    decoder_state decoder[MAX_SIZE];
    int states[FGZ_FSE_MAX_NSYMS + 3];
    static uint8_t syms[MAX_COUNT];
    uint32_t total = 0;
    unsigned sum = 0;
    unsigned read_nsyms, read_log;
    double nbits = 0;
    double error;
    size_t nbytes;

    for (unsigned sym = 0; sym < nsyms; sym++)
        total += counts[sym];
    fgz_fse_distribute(&distribution, counts, nsyms, total, log);
    for (unsigned sym = 0; sym < nsyms; sym++) {
        unsigned const n = distribution.nstates[sym];

        CHECK((n > 0) == (counts[sym] > 0));
        sum += n;
        if (n > 0)
            nbits += counts[sym] * (log - log2_of(n));
    }
    CHECK(sum == 1u << log);
    error = fgz_fse_cost(&distribution, counts, nsyms, total) / 256. - nbits;
    CHECK(-0.003 * total <= error && error <= 0.003 * total);

    nbytes = (size_t)(fgz_fse_describe(room, &distribution) - room);
    CHECK(read_description(room, states, &read_nsyms, &read_log) == nbytes);
    CHECK(read_nsyms == nsyms && read_log == log);
    for (unsigned sym = 0; sym < nsyms; sym++)
        CHECK(states[sym] == distribution.nstates[sym]);

    fgz_fse_build(&table, &distribution);
    make_decoder(decoder, states, nsyms, log);
    if (total > MAX_COUNT)
        return;
    for (unsigned sym = 0, i = 0; sym < nsyms; sym++)
        for (uint32_t k = 0; k < counts[sym]; k++)
            syms[i++] = (uint8_t)sym;
    for (uint32_t i = total; i > 1; i--) {
        uint32_t const k = (test_random(state) << 8 ^ test_random(state)) % i;
        uint8_t const sym = syms[k];

        syms[k] = syms[i - 1];
        syms[i - 1] = sym;
    }
    nbytes = check_symbols(&table, decoder, log, syms, total);
    /* Where nearly every state is a symbol's only one, a quarter of a bit more
     * than what they deserve. */
    CHECK((double)nbytes * 8 <= nbits + total / 4. + 2 * log + 10);
}

/* Counts of all kinds: even ones, and those of which few symbols have most. */
static void check_distributions(uint32_t *state)
{
    uint8_t *const room_end = test_guarded_end();

    for (unsigned round = 0; round < 20000; round++) {
        uint32_t counts[FGZ_FSE_MAX_NSYMS];
        unsigned nsyms = 2 + test_random(state) % (FGZ_FSE_MAX_NSYMS - 1);
        unsigned const sparseness = 1 + test_random(state) % 9;
        unsigned const skew = test_random(state) % 12;
        unsigned log = FGZ_FSE_MIN_LOG + test_random(state) % 4;
        unsigned nused = 0;

        for (unsigned sym = 0; sym < nsyms; sym++) {
            counts[sym] =
                test_random(state) % sparseness != 0 ?
                    0 :
                    1 + test_random(state) %
                            (1 + (test_random(state) & ((1u << skew) - 1)));
            nused += counts[sym] > 0;
        }
        nused += (counts[0] == 0) + (counts[nsyms - 1] == 0);
        counts[0] += counts[0] == 0;
        counts[nsyms - 1] += counts[nsyms - 1] == 0;
        while (nused >= 1u << log)
            log++;
        check_counts(counts, nsyms, log, room_end, state);
    }
    /* Almost all of one symbol, and one state for each of many others. */
    for (unsigned log = FGZ_FSE_MIN_LOG; log <= FGZ_FSE_MAX_LOG; log++)
        for (unsigned nsyms = 2; nsyms <= FGZ_FSE_MAX_NSYMS; nsyms++) {
            uint32_t counts[FGZ_FSE_MAX_NSYMS];

            if (nsyms >= 1u << log)
                break;
            for (unsigned most = 0; most < nsyms; most += nsyms - 1) {
                for (unsigned sym = 0; sym < nsyms; sym++)
                    counts[sym] = 1;
                counts[most] = 2500;
                check_counts(counts, nsyms, log, room_end, state);
                counts[most] = 65535 - nsyms;
                check_counts(counts, nsyms, log, room_end, state);
            }
        }
}

static void check_predefined(uint32_t *state)
{
    /* Section 3.1.1.3.2.2. */
    static const int all_states[3][FGZ_FSE_MAX_NSYMS] = {
        {4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1,  1,  2,  2,
         2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1},
        {1, 1, 1, 1, 1, 1, 2, 2, 2, 1,  1,  1,  1,  1, 1,
         1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1},
        {1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1,  1,  1,  1,  1,  1,  1, 1,
         1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,  1,  1,  1,  1,  1,  1, 1,
         1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1},
    };
    static const unsigned logs[3] = {6, 5, 6};
    static const unsigned nsyms[3] = {36, 29, 53};
    static uint8_t syms[MAX_COUNT];

    for (unsigned kind = 0; kind < 3; kind++) {
        const fgz_fse_distribution *const distribution =
            &fgz_predefined_distributions[kind];
        decoder_state decoder[MAX_SIZE];

        CHECK(distribution->log == logs[kind]);
        CHECK(distribution->nsyms == nsyms[kind]);
        for (unsigned sym = 0; sym < nsyms[kind]; sym++)
            CHECK(distribution->nstates[sym] == abs(all_states[kind][sym]));
        make_decoder(decoder, all_states[kind], nsyms[kind], logs[kind]);
        for (unsigned round = 0; round < 20; round++) {
            for (unsigned i = 0; i < MAX_COUNT; i++)
                syms[i] = (uint8_t)(test_random(state) % nsyms[kind]);
            check_symbols(&fgz_predefined_tables[kind], decoder, logs[kind],
                          syms, MAX_COUNT);
        }
    }
}

/* One symbol takes nothing. */
static void check_single(void)
{
    static const uint8_t syms[5] = {7, 7, 7, 7, 7};
    decoder_state decoder[1] = {{7, 0, 0}};
    fgz_fse_table table;

    fgz_fse_build_single(&table, 7);
    CHECK(check_symbols(&table, decoder, 0, syms, 5) == 1);
}

TEST_MAIN
{
    uint32_t state = 41;

    check_distributions(&state);
    check_predefined(&state);
    check_single();
    return 0;
}
