/*
 * Finite state entropy: distributions, their descriptions, and tables.
 *
 * A SYMBOL OF N STATES.  The decoder numbers these from N to 2N - 1, in the
 * order in which they come, and after number x it reads as many bits b as make
 * x << b one of 2^log to 2^(log+1) - 1; what it has read is added, and the sum,
 * less 2^log, is the next state.  With states that are 2^log more than a
 * decoder's the way back is: drop bits of the state until what is left is one
 * of N to 2N - 1, and that is x.  These are log - log2(N) bits, rounded up, or
 * one less if the state is below N << b.  A sum says that without a branch:
 *
 *     (state + (b << 16) - (N << b)) >> 16
 *
 * No symbol has a probability of "less than 1" here.  It would have one state
 * as with a probability of 1, and take as many bits; but its state would be at
 * the end, in the way of a table that is built in one go.
 */
#include "fse.h"

#include "../entropy/logarithms.h"

/* Shares are reckoned with so many binary digits after the point. */
#define SHARE_NBITS 20

/* Take states away where there are too many, a part of the most at a time. */
static void take_away(fgz_fse_distribution *distribution, unsigned excess)
{
    uint16_t *const nstates = distribution->nstates;

    while (excess > 0) {
        unsigned most = 0;
        unsigned taken;

        for (unsigned sym = 1; sym < distribution->nsyms; sym++)
            if (nstates[sym] > nstates[most])
                most = sym;
        taken = (nstates[most] + 3u) / 4;
        taken = taken < excess ? taken : excess;
        nstates[most] = (uint16_t)(nstates[most] - taken);
        excess -= taken;
    }
}

void fgz_fse_distribute(fgz_fse_distribution *distribution,
                        const uint32_t *counts, unsigned nsyms, uint32_t total,
                        unsigned log)
{
    uint32_t const share = (1u << (SHARE_NBITS + log)) / total;
    uint32_t const half = (1u << (SHARE_NBITS - 1)) - 1;
    uint16_t *const nstates = distribution->nstates;
    unsigned given = 0;
    unsigned most = 0;

    distribution->log = log;
    distribution->nsyms = nsyms;
    for (unsigned sym = 0; sym < nsyms; sym++) {
        /* total shares are less than 2^29. */
        unsigned const rounded = (counts[sym] * share + half) >> SHARE_NBITS;
        unsigned const n = rounded + (rounded == 0 && counts[sym] != 0);

        nstates[sym] = (uint16_t)n;
        given += n;
        most = n > nstates[most] ? sym : most;
    }
    if (given <= 1u << log)
        nstates[most] = (uint16_t)(nstates[most] + (1u << log) - given);
    else
        take_away(distribution, given - (1u << log));
}

uint32_t fgz_fse_cost(const fgz_fse_distribution *distribution,
                      const uint32_t *counts, unsigned nsyms, uint32_t total)
{
    uint32_t cost = total * distribution->log * 256;

    for (unsigned sym = 0; sym < nsyms; sym++)
        cost -= counts[sym] * fgz_log2_256ths[distribution->nstates[sym]];
    return cost;
}

uint8_t *fgz_fse_describe(uint8_t *next,
                          const fgz_fse_distribution *distribution)
{
    const uint16_t *const nstates = distribution->nstates;
    fgz_bitwriter out = {0, 0, next, NULL};
    unsigned left = 1u << distribution->log;
    unsigned sym = 0;

    fgz_bits_put(&out, distribution->log - FGZ_FSE_MIN_LOG, 4);
    while (left > 0) {
        /* What is written is one more, as 0 is "less than 1", and at most
         * left + 1.  The lowest of these take a bit less than all the others,
         * which are as many as go into the whole bits twice. */
        unsigned const value = nstates[sym] + 1u;
        unsigned const nbits = fgz_highest_bit32(left + 1) + 1;
        unsigned const nshort = (1u << nbits) - 2 - left;
        bool const is_short = value < nshort;

        fgz_bits_put(&out, value < 1u << (nbits - 1) ? value : value + nshort,
                     nbits - is_short);
        left -= nstates[sym++];
        /* After a zero: how many more there are, by threes. */
        if (value == 1) {
            unsigned nzeros = 0;

            for (; nstates[sym] == 0; sym++)
                if (++nzeros == 3) {
                    fgz_bits_put(&out, 3, 2);
                    nzeros = 0;
                    fgz_bits_flush_fast(&out);
                }
            fgz_bits_put(&out, nzeros, 2);
        }
        fgz_bits_flush_fast(&out);
    }
    fgz_bits_align(&out);
    return out.next;
}

/* The inverse of an odd number modulo any power of 2 up to 2^32. */
static uint32_t inverse_of(uint32_t odd)
{
    uint32_t inverse = odd; /* modulo 2^3; each step doubles the digits */

    for (unsigned i = 0; i < 4; i++)
        inverse *= 2 - odd * inverse;
    return inverse;
}

/*
 * Section 4.1.1: symbol by symbol, states are given out in steps that come by
 * all of them.  Here they are gone through in rising order instead, and the
 * inverse of the step says whose each is.
 */
void fgz_fse_build(fgz_fse_table *table,
                   const fgz_fse_distribution *distribution)
{
    unsigned const log = distribution->log;
    uint32_t const size = 1u << log;
    uint32_t const step = inverse_of((size >> 1) + (size >> 3) + 3);
    /* The symbol of the state of each turn, and where its next one is put. */
    uint8_t turns[(1 << FGZ_FSE_MAX_LOG) + 8];
    uint16_t ends[FGZ_FSE_MAX_NSYMS];
    uint32_t turn = 0;

    table->log = log;
    for (unsigned sym = 0; sym < distribution->nsyms; sym++) {
        uint32_t const n = distribution->nstates[sym];
        unsigned nbits;

        if (n == 0)
            continue;
        nbits = log - fgz_highest_bit32(n);
        table->symbols[sym] =
            (fgz_fse_symbol){(nbits << 16) - (n << nbits), turn - n};
        ends[sym] = (uint16_t)turn;
        for (uint32_t i = 0; i < n; i += 8)
            memset(turns + turn + i, (int)sym, 8);
        turn += n;
    }
    turn = 0;
    for (uint32_t state = 0; state < size; state++) {
        table->states[ends[turns[turn]]++] = (uint16_t)(size + state);
        turn = (turn + step) & (size - 1);
    }
}

void fgz_fse_build_single(fgz_fse_table *table, unsigned sym)
{
    table->log = 0;
    table->symbols[sym] = (fgz_fse_symbol){(uint32_t)-1, (uint32_t)-1};
    table->states[0] = 1;
}
