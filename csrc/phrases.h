/*
 * phrases.h - the phrases of a dictionary, 12 bytes each, and how many of a
 * body's are among them
 */
#ifndef FGZ_PHRASES_H
#define FGZ_PHRASES_H

#include "common.h"

/* A share is so many parts of the whole at most. */
#define FGZ_PHRASES_WHOLE 256

typedef struct fgz_phrases fgz_phrases;

/* Note the phrases of a dictionary, of which nothing is needed afterwards.
 * @return NULL if there is no memory. */
fgz_phrases *fgz_phrases_create(const uint8_t *bytes, size_t nbytes);

void fgz_phrases_free(fgz_phrases *phrases);

size_t fgz_phrases_memory_nbytes(const fgz_phrases *phrases);

/*
 * Tell of a sample of a body's phrases which share of them is in the
 * dictionary, each phrase counted once.  It depends on the body, the dictionary
 * and the version of this library alone.
 *
 * @return 0 to FGZ_PHRASES_WHOLE; 0 for what has no phrase.
 */
unsigned fgz_phrases_share(const fgz_phrases *phrases, const uint8_t *in,
                           size_t in_nbytes);

#endif /* FGZ_PHRASES_H */
