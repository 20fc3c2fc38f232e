/*
 * dictionary.h - the dictionaries of dcz (RFC 9842): bytes that bodies may
 * refer back to as if these came before them
 */
#ifndef FGZ_DICTIONARY_H
#define FGZ_DICTIONARY_H

#include "common.h"
#include "phrases.h"

/* SHA-256, which names a dictionary. */
#define FGZ_DIGEST_NBYTES 32

struct fgz_dictionary {
    const uint8_t *bytes; /* the caller's */
    size_t nbytes;
    uint8_t digest[FGZ_DIGEST_NBYTES];
    int level;     /* of the encoders that it is for */
    bool is_small; /* they are */
    /* What libzstd has found in the bytes; NULL where it looks at them anew for
     * each body. */
    struct ZSTD_CDict_s *prepared;
    /* What tells whether it is like a body; NULL where that is not asked. */
    fgz_phrases *phrases;
};

/* Make a dictionary of bytes that stay where they are, of a number that is
 * allowed.  @return 0 or FGZ_ERROR_MEMORY. */
size_t fgz_dictionary_prepare(fgz_dictionary **dictionary_ret,
                              const fgz_dictionary *facts);

/* Whether a body has so little in common with a dictionary that it is coded to
 * hardly more without, if the dictionary is named anyway. */
bool fgz_dictionary_is_unlike(const fgz_dictionary *dictionary,
                              const uint8_t *in, size_t in_nbytes);

#endif /* FGZ_DICTIONARY_H */
