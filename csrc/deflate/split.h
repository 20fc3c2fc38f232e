/*
 * split.h - where one block should end and the next begin, by what the symbols
 * on both sides would take
 *
 * A new block has a code of its own, which fits better what it is for, and a
 * header that takes bytes.
 */
#ifndef FGZ_SPLIT_H
#define FGZ_SPLIT_H

#include "token.h"

/* What the symbols of a histogram cost with a code made for them. */
typedef struct fgz_entropy {
    uint64_t cost;          /* in 256ths of a bit */
    unsigned literal_nbits; /* the mean cost of a literal, rounded down */
} fgz_entropy;

fgz_entropy fgz_split_entropy(const fgz_histogram *freqs);

/* into -= less, but for the end of the block, which both have. */
void fgz_split_subtract(fgz_histogram *into, const fgz_histogram *less);

/*
 * Whether two parts of a block, of which all is the sum, are better off with a
 * code each, given the costs of the three.
 */
bool fgz_split_is_gain(const fgz_entropy *all, const fgz_entropy *former,
                       const fgz_entropy *latter);

#endif /* FGZ_SPLIT_H */
