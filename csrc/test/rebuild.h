/*
 * rebuild.h - a body from its sequences, as RFC 8878 says, by nothing that
 * finds them
 */
#ifndef FGZ_TEST_REBUILD_H
#define FGZ_TEST_REBUILD_H

#include "../sequences.h"
#include "test.h"

/* The offset that a code means, section 3.1.1.5; the last three change. */
static inline size_t rebuild_offset(uint32_t code, bool has_literals,
                                    size_t *recent)
{
    uint32_t const which = code - 1 + (has_literals ? 0 : 1);
    size_t offset;

    CHECK(code >= 1);
    if (code > 3 || which == 3) {
        offset = code > 3 ? code - 3 : recent[0] - 1;
        recent[2] = recent[1];
        recent[1] = recent[0];
    } else {
        offset = recent[which];
        if (which == 2)
            recent[2] = recent[1];
        if (which >= 1)
            recent[1] = recent[0];
    }
    recent[0] = offset;
    return offset;
}

/* Check that the sequences say exactly this body; out has room for it. */
static inline void test_check_sequences(const fgz_sequences *sequences,
                                        const uint8_t *body, size_t body_nbytes,
                                        uint8_t *out)
{
    const uint8_t *literals = sequences->literals;
    size_t recent[3] = {1, 4, 8};
    size_t done = 0;

    CHECK(sequences->count > 0);
    for (size_t i = 0; i < sequences->count; i++) {
        const fgz_sequence *const sequence = &sequences->list[i];
        bool const is_last = i + 1 == sequences->count;

        CHECK(sequence->nliterals <= body_nbytes - done);
        if (sequence->nliterals > 0)
            memcpy(out + done, literals, sequence->nliterals);
        literals += sequence->nliterals;
        done += sequence->nliterals;
        CHECK((sequence->match_nbytes == 0) == is_last);
        CHECK(sequence->match_nbytes <= body_nbytes - done);
        if (!is_last) {
            size_t const offset = rebuild_offset(
                sequence->offset + 3, sequence->nliterals > 0, recent);

            CHECK(sequence->match_nbytes >= 4);
            CHECK(1 <= offset && offset <= done);
            for (size_t k = 0; k < sequence->match_nbytes; k++, done++)
                out[done] = out[done - offset];
        }
    }
    CHECK(literals == sequences->literals + sequences->nliterals);
    CHECK(done == body_nbytes && memcmp(out, body, done) == 0);
}

#endif /* FGZ_TEST_REBUILD_H */
