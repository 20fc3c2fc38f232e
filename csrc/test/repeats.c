/*
 * Input that repeats itself where a search could go wrong: at the largest
 * distance and one beyond, after as many bytes as positions take to come round
 * again, and from the very first byte to the very last, with pages on both
 * sides that cannot be accessed.  All of it is restored from whole bodies and
 * from flushed streams; what repeats in reach is found, and what does not is
 * not.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <sys/mman.h>
#include <unistd.h>

#include "decode.h"

#define MAX_NBYTES ((size_t)4 * 65536)
#define ROOM_NBYTES (2 * MAX_NBYTES)

static uint8_t out[ROOM_NBYTES];

/* MAX_NBYTES of memory; the pages before and behind are out of bounds. */
static uint8_t *guarded_memory(void)
{
    size_t const page_nbytes = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *const region =
        mmap(NULL, MAX_NBYTES + 2 * page_nbytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(region != MAP_FAILED);
    CHECK(mprotect(region, page_nbytes, PROT_NONE) == 0);
    CHECK(mprotect(region + page_nbytes + MAX_NBYTES, page_nbytes, PROT_NONE) ==
          0);
    return region + page_nbytes;
}

/* Code a whole body and check it.  @return its size. */
static size_t check_body(fgz_encoder *enc, const uint8_t *in, size_t in_nbytes)
{
    size_t const made = fgz_compress(enc, in, in_nbytes, out, ROOM_NBYTES);

    CHECK(!fgz_is_error(made));
    test_check_decodes(FGZ_RAW, out, made, in, in_nbytes);
    return made;
}

/* Code a stream that is flushed after each piece, and check it. */
static void check_stream(fgz_encoder *enc, const uint8_t *in, size_t in_nbytes,
                         size_t piece_nbytes)
{
    size_t made = 0;

    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
    for (size_t done = 0; done < in_nbytes; done += piece_nbytes) {
        size_t const rest = in_nbytes - done;
        size_t const result =
            fgz_flush(enc, in + done, rest < piece_nbytes ? rest : piece_nbytes,
                      out + made, ROOM_NBYTES - made);

        CHECK(!fgz_is_error(result));
        made += result;
    }
    made += fgz_finish(enc, NULL, 0, out + made, ROOM_NBYTES - made);
    CHECK(made <= ROOM_NBYTES);
    test_check_decodes(FGZ_RAW, out, made, in, in_nbytes);
}

/* Noise that repeats after period bytes; each new_period-th of its bytes is
 * new noise, so that no match is long, unless that is 0. */
static void fill(uint8_t *in, size_t in_nbytes, size_t period,
                 size_t new_period)
{
    uint32_t state = 3;

    for (size_t i = 0; i < in_nbytes; i++)
        in[i] = i >= period && (new_period == 0 || i % new_period != 0) ?
                    in[i - period] :
                    (uint8_t)(test_random(&state) >> 8);
}

static void check_period(fgz_encoder *enc, uint8_t *memory, size_t period,
                         size_t max_distance)
{
    static const size_t new_periods[] = {0, 5, 7, 40};
    size_t in_nbytes = 2 * period + 3000;

    in_nbytes = in_nbytes < MAX_NBYTES ? in_nbytes : MAX_NBYTES;
    for (size_t i = 0; i < sizeof(new_periods) / sizeof(*new_periods); i++) {
        uint8_t *const at_end = memory + MAX_NBYTES - in_nbytes;
        size_t made;

        fill(at_end, in_nbytes, period, new_periods[i]);
        made = check_body(enc, at_end, in_nbytes);
        if (new_periods[i] == 0 && period + 100 < in_nbytes)
            CHECK(period <= max_distance ? made < period + period / 8 + 1000 :
                                           made > in_nbytes - 64);
        check_stream(enc, at_end, in_nbytes, 1000);
        memmove(memory, at_end, in_nbytes);
        CHECK(check_body(enc, memory, in_nbytes) == made);
    }
}

TEST_MAIN
{
    static const size_t periods[] = {1,     2,     3,     4,     5,     250,
                                     8191,  8192,  8193,  16384, 32767, 32768,
                                     32769, 40000, 65535, 65536, 65537};
    uint8_t *const memory = guarded_memory();

    for (int level = 1; level <= 9; level++) {
        fgz_encoder *const enc = test_create(FGZ_RAW, level);
        fgz_encoder *const small = test_create_small(FGZ_RAW, level);

        for (size_t i = 0; i < sizeof(periods) / sizeof(*periods); i++) {
            check_period(enc, memory, periods[i], level < 3 ? 32767 : 32768);
            check_period(small, memory, periods[i], 8192);
        }
        /* Of every size from nothing on, at both ends of memory. */
        for (size_t in_nbytes = 0; in_nbytes < 700; in_nbytes++) {
            uint8_t *const at_end = memory + MAX_NBYTES - in_nbytes;

            test_fill(at_end, in_nbytes, 2 + in_nbytes % 3,
                      (uint32_t)in_nbytes);
            check_body(enc, at_end, in_nbytes);
            check_body(small, at_end, in_nbytes);
            memmove(memory, at_end, in_nbytes);
            check_body(enc, memory, in_nbytes);
        }
        fgz_free(enc);
        fgz_free(small);
    }
    return 0;
}
