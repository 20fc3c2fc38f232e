/*
 * Prints a number for each coding and level: the same output on every
 * processor gives the same numbers.  `make test-foreign` compares them.
 */
#include "digest.h"

TEST_MAIN
{
    static const char *const names[TEST_NCODINGS] = {"gzip", "zlib", "raw",
                                                     "zstd", "dcz"};

    for (unsigned c = 0; c < TEST_NCODINGS; c++)
        for (unsigned index = 0; index < test_nlevels(test_codings[c]);
             index++) {
            int const level = test_level(test_codings[c], index);

            printf("%s %d %08lx\n", names[c], level,
                   (unsigned long)test_digest(test_codings[c], level));
        }
    return 0;
}
