/*
 * Nobody can make up input that takes much more work than web pages do: a
 * limit for each level on the positions entered, candidates tried and words
 * compared, by the byte.  They are counted, not timed; the pages of bench/
 * take 1.3 at level 1, 1.8 at level 6 and 4.3 at level 9.
 *
 * The inputs are the worst that are known: lists of numbers that count up, for
 * which level 9 once took five times as long as for a page; few symbols in no
 * order; runs and periods with noise between them; words over two symbols that
 * have every string of a length, or hardly any.
 *
 * To be compiled, with all of the core, with -DFGZ_TEST_WORK.
 */
#include "test.h"

uint64_t fgz_test_work;

#define IN_NBYTES ((size_t)300000)

/* Of a stream at the levels from 10 on, which take many times as long: the
 * pieces after the first of a window are as much work as each other. */
#define SLOW_STREAM_NBYTES ((size_t)90000)

static uint8_t in[IN_NBYTES + 1000];
static uint8_t out[2 * IN_NBYTES];

/* Hundredths of a step for each byte, by level: a tenth more than the worst
 * of the inputs here takes. */
static const uint32_t max_work[TEST_NLEVELS] = {
    0, 430, 430, 430, 430, 430, 515, 855, 1085, 1465, 3485, 7800, 36880};

typedef size_t writer(uint8_t *next, uint32_t number, uint32_t *state);

static size_t print_number(uint8_t *next, const char *format, uint32_t number)
{
    char text[64];
    int const nbytes = snprintf(text, sizeof(text), format, number);

    memcpy(next, text, (size_t)nbytes);
    return (size_t)nbytes;
}

static size_t count_between_commas(uint8_t *next, uint32_t number,
                                   uint32_t *state)
{
    (void)state;
    return print_number(next, "%u,,,", 1234567890 + number);
}

static size_t count_alone(uint8_t *next, uint32_t number, uint32_t *state)
{
    (void)state;
    return print_number(next, "%u", 1234567890 + number);
}

static size_t count_in_hex(uint8_t *next, uint32_t number, uint32_t *state)
{
    (void)state;
    return print_number(next, "%012x", number);
}

static size_t count_from_zero(uint8_t *next, uint32_t number, uint32_t *state)
{
    (void)state;
    return print_number(next, "%08u", number);
}

static size_t zeros_and_digits(uint8_t *next, uint32_t number, uint32_t *state)
{
    static const uint32_t below[4] = {10, 100, 1000, 10000};
    uint32_t const digits = test_random(state) % below[number % 4];

    return print_number(next, "00000000%u", digits);
}

static size_t digits_that_vary(uint8_t *next, uint32_t number, uint32_t *state)
{
    (void)number;
    return print_number(next, "12345678%02u", test_random(state) % 100);
}

static size_t places(uint8_t *next, uint32_t number, uint32_t *state)
{
    uint32_t const first = test_random(state) % 1000000;
    size_t const nbytes = print_number(next, "{\"lat\":%u.", number * 7 % 90);

    return nbytes + print_number(next + nbytes, "%u},", first);
}

static size_t two_symbols(uint8_t *next, uint32_t number, uint32_t *state)
{
    (void)number;
    *next = "ab"[test_random(state) >> 9 & 1];
    return 1;
}

static size_t mostly_one_symbol(uint8_t *next, uint32_t number, uint32_t *state)
{
    (void)number;
    *next = test_random(state) >> 9 & 31 ? 'a' : 'b';
    return 1;
}

static size_t four_symbols(uint8_t *next, uint32_t number, uint32_t *state)
{
    (void)number;
    *next = "acgt"[test_random(state) >> 9 & 3];
    return 1;
}

static size_t runs(uint8_t *next, uint32_t number, uint32_t *state)
{
    size_t const nbytes = 1 + test_random(state) % 60;

    (void)number;
    memset(next, ' ', nbytes);
    next[nbytes] = '\n';
    return nbytes + 1;
}

static size_t noise_after_runs(uint8_t *next, uint32_t number, uint32_t *state)
{
    size_t const nbytes = 8 + test_random(state) % 300;

    (void)number;
    memset(next, 'a', nbytes);
    next[nbytes] = (uint8_t)(test_random(state) >> 8);
    return nbytes + 1;
}

static size_t noise_after_eight(uint8_t *next, uint32_t number, uint32_t *state)
{
    (void)number;
    memcpy(next, "abcdefgh", 8);
    next[8] = (uint8_t)(test_random(state) >> 8);
    return 9;
}

static size_t noise_after_periods(uint8_t *next, uint32_t number,
                                  uint32_t *state)
{
    size_t const period = 3 + number % 7;
    size_t const nbytes = period * (2 + test_random(state) % 20);

    for (size_t i = 0; i < nbytes; i++)
        next[i] = (uint8_t)('a' + i % period);
    next[nbytes] = (uint8_t)(test_random(state) >> 8);
    return nbytes + 1;
}

static size_t one_symbol(uint8_t *next, uint32_t number, uint32_t *state)
{
    (void)number;
    (void)state;
    *next = 0;
    return 1;
}

static size_t noise(uint8_t *next, uint32_t number, uint32_t *state)
{
    (void)number;
    *next = (uint8_t)(test_random(state) >> 8);
    return 1;
}

/* Thue and Morse's word, which has no string three times in a row. */
static size_t thue_morse(uint8_t *next, uint32_t number, uint32_t *state)
{
    unsigned parity = 0;

    (void)state;
    for (; number != 0; number &= number - 1)
        parity ^= 1;
    *next = (uint8_t)('a' + parity);
    return 1;
}

/* Fibonacci's word, which has as few strings of each length as can be. */
static size_t fibonacci(uint8_t *next, uint32_t number, uint32_t *state)
{
    uint64_t const golden = 2654435769u; /* 2^32 / golden ratio */

    (void)state;
    *next = (uint8_t)('a' + (((number + 2) * golden >> 32) -
                             ((number + 1) * golden >> 32)));
    return 1;
}

/* A sequence of de Bruijn's, but for one string: the bits that come out of a
 * shift register with x^18 + x^11 + 1 for feedback, so that each string of 18
 * occurs once. */
static size_t de_bruijn(uint8_t *next, uint32_t number, uint32_t *state)
{
    if (number == 0)
        *state = 1;
    *next = (uint8_t)('a' + (*state & 1));
    *state = *state >> 1 | ((*state ^ *state >> 11) & 1) << 17;
    return 1;
}

static writer *const writers[] = {
    count_between_commas, count_alone,         count_in_hex, count_from_zero,
    zeros_and_digits,     digits_that_vary,    places,       two_symbols,
    mostly_one_symbol,    four_symbols,        runs,         noise_after_runs,
    noise_after_eight,    noise_after_periods, one_symbol,   noise,
    thue_morse,           fibonacci,           de_bruijn,
};

static void fill(writer *write)
{
    uint32_t state = 7;
    size_t done = 0;

    for (uint32_t number = 0; done < IN_NBYTES; number++)
        done += write(in + done, number, &state);
}

static uint32_t work_of_body(fgz_encoder *enc)
{
    fgz_test_work = 0;
    CHECK(!fgz_is_error(fgz_compress(enc, in, IN_NBYTES, out, sizeof(out))));
    CHECK(fgz_test_work > 0);
    return (uint32_t)(fgz_test_work * 100 / IN_NBYTES);
}

/* Flushed after each piece. */
static uint32_t work_of_stream(fgz_encoder *enc, size_t in_nbytes,
                               size_t piece_nbytes)
{
    fgz_test_work = 0;
    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
    for (size_t done = 0; done < in_nbytes; done += piece_nbytes)
        CHECK(!fgz_is_error(
            fgz_flush(enc, in + done, piece_nbytes, out, sizeof(out))));
    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
    return (uint32_t)(fgz_test_work * 100 / in_nbytes);
}

TEST_MAIN
{
    for (int level = 1; level < TEST_NLEVELS; level++) {
        fgz_encoder *const enc = test_create(FGZ_RAW, level);
        fgz_encoder *const small = test_create_small(FGZ_RAW, level);
        size_t const stream_nbytes =
            level < 10 ? IN_NBYTES : SLOW_STREAM_NBYTES;
        uint32_t worst = 0;

        for (size_t i = 0; i < sizeof(writers) / sizeof(*writers); i++) {
            uint32_t work;

            fill(writers[i]);
            work = work_of_body(enc);
            worst = work > worst ? work : worst;
            work = work_of_stream(enc, stream_nbytes, 3000);
            worst = work > worst ? work : worst;
            work = work_of_stream(small, stream_nbytes, 3000);
            worst = work > worst ? work : worst;
        }
        printf("level %d: at most %u.%02u\n", level, (unsigned)(worst / 100),
               (unsigned)(worst % 100));
        CHECK(worst <= max_work[level]);
        fgz_free(enc);
        fgz_free(small);
    }
    return 0;
}
