/*
 * guard.h - memory with a page behind it that cannot be accessed
 *
 * A file that includes this defines _DEFAULT_SOURCE first, for MAP_ANONYMOUS.
 */
#ifndef FGZ_TEST_GUARD_H
#define FGZ_TEST_GUARD_H

#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

#define GUARDED_NBYTES ((size_t)4 << 20)

/* The end of GUARDED_NBYTES of memory; the page after it is out of bounds. */
static inline uint8_t *test_guarded_end(void)
{
    size_t const page_nbytes = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *const region =
        mmap(NULL, GUARDED_NBYTES + page_nbytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(region != MAP_FAILED);
    CHECK(mprotect(region + GUARDED_NBYTES, page_nbytes, PROT_NONE) == 0);
    return region + GUARDED_NBYTES;
}

#endif /* FGZ_TEST_GUARD_H */
