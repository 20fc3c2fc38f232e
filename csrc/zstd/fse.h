/*
 * fse.h - finite state entropy, RFC 8878 section 4.1: how often symbols occur
 * in; how many states each has, what describes that, and what goes from one
 * state to the next out
 *
 * A decoder is always in one of 2^log states, and each stands for a symbol.
 * After it the decoder reads some bits, which say which state is next.  So a
 * writer begins with the last symbol, in any state that stands for it, and goes
 * backwards: from the state after a symbol to one that stands for the symbol
 * and leads there.
 */
#ifndef FGZ_FSE_H
#define FGZ_FSE_H

#include "../entropy/bitwriter.h"

/* Logarithms of the count of states: the least that there is, and the most that
 * are used here.  Match and literals lengths may have 2^9, which saves .01 % at
 * 16 to 64 KB. */
#define FGZ_FSE_MIN_LOG 5
#define FGZ_FSE_MAX_LOG 8

/* The largest alphabet: match lengths. */
#define FGZ_FSE_MAX_NSYMS 53

/* A description takes no more, with the bytes beyond it that may be written. */
#define FGZ_FSE_DESCRIPTION_MAX_NBYTES 80

/* How many of the states each symbol has. */
typedef struct fgz_fse_distribution {
    unsigned log;
    unsigned nsyms;
    uint16_t nstates[FGZ_FSE_MAX_NSYMS];
} fgz_fse_distribution;

/* What leads to the states of a symbol. */
typedef struct fgz_fse_symbol {
    /* With a state this adds up to the count of bits to write, in the upper
     * half. */
    uint32_t bias;
    /* The index of the states of this symbol, less how many there are, modulo
     * 2^32. */
    uint32_t first;
} fgz_fse_symbol;

typedef struct fgz_fse_table {
    unsigned log;
    fgz_fse_symbol symbols[FGZ_FSE_MAX_NSYMS];
    /* Symbol by symbol, in rising order; 2^log more than a decoder's. */
    uint16_t states[1 << FGZ_FSE_MAX_LOG];
} fgz_fse_table;

/*
 * Distribute 2^log states to symbols by how often they occur, which is total
 * times all told: at least one to each that does.
 *
 * The last of nsyms occurs, and fewer than 2^log do; total is below 2^16.
 */
void fgz_fse_distribute(fgz_fse_distribution *distribution,
                        const uint32_t *counts, unsigned nsyms, uint32_t total,
                        unsigned log);

/* What symbols that occur so often take, in 256ths of a bit. */
uint32_t fgz_fse_cost(const fgz_fse_distribution *distribution,
                      const uint32_t *counts, unsigned nsyms, uint32_t total);

/*
 * Write the description of a distribution (section 4.1.1), for which there is
 * room for FGZ_FSE_DESCRIPTION_MAX_NBYTES.
 *
 * @return after it.
 */
uint8_t *fgz_fse_describe(uint8_t *next,
                          const fgz_fse_distribution *distribution);

void fgz_fse_build(fgz_fse_table *table,
                   const fgz_fse_distribution *distribution);

/* The table of one symbol, which takes no bits. */
void fgz_fse_build_single(fgz_fse_table *table, unsigned sym);

/*
 * A state that stands for the last symbol: the first that it has.  After that
 * one a decoder reads at least one bit if other symbols have states, by which
 * it sees that there are no more.
 */
FGZ_INLINE uint32_t fgz_fse_begin(const fgz_fse_table *table, unsigned sym)
{
    fgz_fse_symbol const symbol = table->symbols[sym];
    /* bias is (nbits << 16) - (nstates << nbits), see fse.c. */
    unsigned const nbits = (symbol.bias + (1u << 16)) >> 16;
    uint32_t const nstates = ((nbits << 16) - symbol.bias) >> nbits;

    return table->states[symbol.first + nstates];
}

/* The state before this one that stands for sym.  So many of the lowest bits of
 * this one are what the decoder reads in between. */
FGZ_INLINE uint32_t fgz_fse_previous(const fgz_fse_table *table, uint32_t state,
                                     unsigned sym, unsigned *nbits)
{
    fgz_fse_symbol const symbol = table->symbols[sym];

    *nbits = (state + symbol.bias) >> 16;
    return table->states[symbol.first + (state >> *nbits)];
}

/* End a bitstream that is read from its end: a one, and zeros up to a byte. */
FGZ_INLINE void fgz_fse_end(fgz_bitwriter *out)
{
    fgz_bits_put(out, 1, 1);
    fgz_bits_align(out);
}

#endif /* FGZ_FSE_H */
