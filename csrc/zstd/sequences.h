/*
 * sequences.h - a body as what a zstd frame is made of: literals, and how many
 * of them are followed by which match (RFC 8878, section 3.1.1.3.2)
 */
#ifndef FGZ_SEQUENCES_H
#define FGZ_SEQUENCES_H

#include "../parse/finder.h"

/* The longest body, whose positions are 16 bits. */
#define FGZ_SEQUENCES_MAX_NBYTES ((size_t)65535)

/* What of a sequence has codes, in the order of their tables in a block. */
typedef enum fgz_code_kind {
    FGZ_LITERALS_LENGTHS,
    FGZ_OFFSETS,
    FGZ_MATCH_LENGTHS,
    FGZ_NCODE_KINDS
} fgz_code_kind;

/* The largest count of codes of a kind. */
#define FGZ_MAX_NCODES 53

/* The codes of a sequence (section 3.1.1.3.2.1.1), and the bits that follow
 * them: those of the literals length lowest, then those of the match length and
 * of the offset, which is the order in which they are written. */
typedef struct fgz_sequence {
    uint64_t extra;
    uint8_t literals_code;
    uint8_t offset_code;
    uint8_t match_code;
    uint8_t extra_nbits;
} fgz_sequence;

/* After the last sequence there may be more literals. */
typedef struct fgz_sequences {
    fgz_sequence *list;
    size_t count;
    uint8_t *literals;
    size_t nliterals;
    /* How many sequences have which code, by its kind. */
    uint32_t counts[FGZ_NCODE_KINDS][FGZ_MAX_NCODES];
    fgz_finder finder;
    size_t memory_nbytes; /* of all this */
} fgz_sequences;

/* @return what fgz_mfree frees, or NULL. */
fgz_sequences *fgz_sequences_create(void);

/*
 * Find the sequences of a body of 1 to FGZ_SEQUENCES_MAX_NBYTES.  They depend
 * on the body and the two numbers alone.
 *
 * @param hash_nbytes @param max_depth as in fgz_staged_search.
 * @return false where the body has hardly any match, or too many.
 */
bool fgz_sequences_find(fgz_sequences *sequences, const uint8_t *in,
                        size_t in_nbytes, unsigned hash_nbytes,
                        unsigned max_depth);

#endif /* FGZ_SEQUENCES_H */
