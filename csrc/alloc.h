/*
 * alloc.h - the one place where the core allocates
 *
 * A test defines FGZ_TEST_ALLOC and provides fgz_test_malloc, which can refuse
 * the Nth request; libzstd is given the same two functions.
 */
#ifndef FGZ_ALLOC_H
#define FGZ_ALLOC_H

#include <stdlib.h>

#ifdef FGZ_TEST_ALLOC
void *fgz_test_malloc(size_t nbytes);
void fgz_test_free(void *memory);
#endif

static inline void *fgz_malloc(size_t nbytes)
{
#ifdef FGZ_TEST_ALLOC
    return fgz_test_malloc(nbytes);
#else
    return malloc(nbytes);
#endif
}

static inline void fgz_mfree(void *memory)
{
#ifdef FGZ_TEST_ALLOC
    fgz_test_free(memory);
#else
    free(memory);
#endif
}

#endif /* FGZ_ALLOC_H */
