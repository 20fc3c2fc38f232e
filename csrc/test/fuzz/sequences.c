/*
 * Fuzz target: the sequences of a body say the body, and what is written of
 * them in any room decodes to it; so does a zstd frame at a level that takes
 * them, after other bodies as well.
 *
 * Input: level, bytes hashed, places tried, length of the body before (u16),
 * which also says how much room there is; the body.
 */
#include "../../alloc.h"
#include "../../zstd/writer.h"
#include "../rebuild.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_nbytes)
{
    fuzz_input input = {data, data + data_nbytes};
    int const level = (int)(fuzz_take_u8(&input) % 4) + 1;
    unsigned const hash_nbytes = 4 + fuzz_take_u8(&input) % 2;
    unsigned const max_depth = 1 + fuzz_take_u8(&input) % 3;
    size_t const former_nbytes = fuzz_take_u16(&input);
    size_t body_nbytes;
    uint8_t *const body = fuzz_take_exact_body(&input, &body_nbytes);
    size_t const bound_nbytes = fgz_compress_bound(FGZ_ZSTD, body_nbytes);
    uint8_t *const out = fuzz_alloc(bound_nbytes);
    fgz_encoder *const enc = test_create(FGZ_ZSTD, level);
    size_t made;

    if (0 < body_nbytes && body_nbytes <= FGZ_SEQUENCES_MAX_NBYTES) {
        fgz_sequences *const sequences = fgz_sequences_create();
        uint8_t *const rebuilt = fuzz_alloc(body_nbytes);
        size_t const room_nbytes = former_nbytes % (bound_nbytes + 1);
        uint8_t *const room = fuzz_alloc(room_nbytes);

        CHECK(sequences != NULL);
        if (fgz_sequences_find(sequences, body, body_nbytes, hash_nbytes,
                               max_depth)) {
            test_check_sequences(sequences, body, body_nbytes, rebuilt);
            made =
                fgz_sequences_write(sequences, body_nbytes, room, room_nbytes);
            CHECK(made <= room_nbytes && made < body_nbytes);
            if (made > 0)
                test_check_decodes(FGZ_ZSTD, room, made, body, body_nbytes);
        }
        free(room);
        free(rebuilt);
        fgz_mfree(sequences);
    }
    CHECK(!fgz_is_error(fgz_compress(
        enc, body, former_nbytes < body_nbytes ? former_nbytes : body_nbytes,
        out, bound_nbytes)));
    made = fgz_compress(enc, body, body_nbytes, out, bound_nbytes);
    CHECK(!fgz_is_error(made));
    test_check_decodes(FGZ_ZSTD, out, made, body, body_nbytes);
    fgz_free(enc);
    free(out);
    free(body);
    return 0;
}
