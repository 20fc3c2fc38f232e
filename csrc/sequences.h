/*
 * sequences.h - a body as what a zstd frame is made of: literals, and how many
 * of them are followed by which match (RFC 8878, section 3.1.1.3.2)
 *
 * Found by the staged parser, for libzstd.c to have written.
 */
#ifndef FGZ_SEQUENCES_H
#define FGZ_SEQUENCES_H

#include "parse/finder.h"

/* The longest body, whose positions are 16 bits. */
#define FGZ_SEQUENCES_MAX_NBYTES ((size_t)65535)

/* As libzstd takes them. */
typedef struct fgz_sequence {
    /* The code of an offset less 3: the offset itself, or, from -2 to 0, which
     * of the last three it is (RFC 8878, section 3.1.1.5). */
    uint32_t offset;
    uint32_t nliterals;
    uint32_t match_nbytes;
    uint32_t unused;
} fgz_sequence;

typedef struct fgz_sequences {
    fgz_sequence *list;
    size_t count;
    uint8_t *literals;
    size_t nliterals;
    fgz_finder finder;
    size_t memory_nbytes; /* of all this */
} fgz_sequences;

/* @return what fgz_mfree frees, or NULL. */
fgz_sequences *fgz_sequences_create(void);

/*
 * Find the sequences of a body of at most FGZ_SEQUENCES_MAX_NBYTES; the last
 * has no match.  They depend on the body and the two numbers alone.
 *
 * @param hash_nbytes @param max_depth as in fgz_staged_search.
 * @return false where the body has hardly any match, or too many.
 */
bool fgz_sequences_find(fgz_sequences *sequences, const uint8_t *in,
                        size_t in_nbytes, unsigned hash_nbytes,
                        unsigned max_depth);

#endif /* FGZ_SEQUENCES_H */
