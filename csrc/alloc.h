/*
 * alloc.h - the one place where the core allocates
 *
 * A test defines FGZ_TEST_ALLOC and provides fgz_test_malloc, which can refuse
 * the Nth request; libzstd is given the same two functions.
 */
#ifndef FGZ_ALLOC_H
#define FGZ_ALLOC_H

#include <stdlib.h>
#include <string.h>

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

/* Memory that is zero, and that a large encoder has not yet touched. */
static inline void *fgz_calloc(size_t nbytes)
{
#ifdef FGZ_TEST_ALLOC
    void *const memory = fgz_test_malloc(nbytes);

    return memory == NULL ? NULL : memset(memory, 0, nbytes);
#else
    return calloc(1, nbytes);
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
