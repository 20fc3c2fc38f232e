/*
 * The decoder that other tests trust returns what a stream says, at the
 * earliest byte, and rejects each kind of damage that it names.
 */
#include "inflate.h"

#include "test.h"

/* Streams are written down bit by bit: numbers lowest bit first as in RFC
 * 1951, section 3.1.1, codes from the left as they are printed there. */
static uint8_t stream[40000];
static size_t stream_nbits;

static void start(void)
{
    memset(stream, 0, sizeof(stream));
    stream_nbits = 0;
}

static void put_bit(unsigned bit)
{
    stream[stream_nbits / 8] |= (uint8_t)(bit << stream_nbits % 8);
    stream_nbits++;
}

static void put_number(unsigned value, unsigned nbits)
{
    for (unsigned i = 0; i < nbits; i++)
        put_bit(value >> i & 1);
}

static void put_code(const char *code)
{
    for (; *code != '\0'; code++)
        put_bit(*code == '1');
}

/* A code given as a number. */
static void put_code_number(unsigned code, unsigned nbits)
{
    while (nbits-- > 0)
        put_bit(code >> nbits & 1);
}

static test_inflater inflater;
static uint8_t out[70000];

static test_inflate_status inflate_bytes(size_t in_nbytes)
{
    test_inflate_begin(&inflater, out, sizeof(out));
    return test_inflate(&inflater, stream, in_nbytes);
}

static void check_valid(const char *expected)
{
    size_t const expected_nbytes = strlen(expected);
    size_t const in_nbytes = (stream_nbits + 7) / 8;

    CHECK(inflate_bytes(in_nbytes) == INFLATE_DONE);
    CHECK(test_inflate_in_nbytes(&inflater) == in_nbytes);
    CHECK(inflater.out_nbytes == expected_nbytes);
    CHECK(memcmp(out, expected, expected_nbytes) == 0);

    /* Byte by byte, and cut short anywhere. */
    test_inflate_begin(&inflater, out, expected_nbytes);
    for (size_t i = 0; i < in_nbytes; i++)
        CHECK(test_inflate(&inflater, stream, i) == INFLATE_MORE);
    CHECK(test_inflate(&inflater, stream, in_nbytes) == INFLATE_DONE);
    CHECK(memcmp(out, expected, expected_nbytes) == 0);

    /* Into less room than it takes. */
    if (expected_nbytes > 0) {
        test_inflate_begin(&inflater, out, expected_nbytes - 1);
        CHECK(test_inflate(&inflater, stream, in_nbytes) == INFLATE_INVALID);
    }
}

static void check_invalid(const char *why)
{
    CHECK(inflate_bytes((stream_nbits + 7) / 8 + 4) == INFLATE_INVALID);
    CHECK(strcmp(inflater.why, why) == 0);
}

static void put_stored_header(bool is_final, unsigned nbytes)
{
    put_number(is_final, 1);
    put_number(0, 2);
    while (stream_nbits % 8 != 0)
        put_bit(0);
    put_number(nbytes, 16);
    put_number(~nbytes & 0xffff, 16);
}

static void check_stored(void)
{
    start();
    put_stored_header(false, 2);
    put_number('a' | 'b' << 8, 16);
    put_stored_header(false, 0);
    put_stored_header(true, 1);
    put_number('c', 8);
    check_valid("abc");

    start();
    put_stored_header(true, 2);
    stream[3] ^= 1;
    check_invalid("stored length damaged");

    start();
    put_stored_header(true, 2);
    stream[0] |= 0x10;
    check_invalid("padding not zero");
}

static void put_static_header(void)
{
    start();
    put_number(1, 1);
    put_number(1, 2);
}

static void check_static(void)
{
    /* "a" is 97 + 48 in 8 bits; length 3 is 0000001, and 258 11000101. */
    put_static_header();
    put_code("10010001");
    put_code("0000001"
             "00000");
    put_code("0000000");
    check_valid("aaaa");

    /* "a", 0xff in 9 bits, then length 12 = 11 + 1 at distance 2 (one of
     * 0001 with no extra bits). */
    put_static_header();
    put_code("10010001");
    put_code("111111111");
    put_code("0001001");
    put_number(1, 1);
    put_code("00001");
    put_code("0000000");
    check_valid("a\xff"
                "a\xff"
                "a\xff"
                "a\xff"
                "a\xff"
                "a\xff"
                "a\xff");

    put_static_header();
    put_code("10010001");
    put_code("0000001");
    put_code("00001");
    put_code("0000000");
    check_invalid("distance too far");

    put_static_header();
    put_code("11000110");
    check_invalid("no such length");

    put_static_header();
    put_code("10010001");
    put_code("0000001");
    put_code("11110");
    check_invalid("no such distance");

    /* An empty block, and a bit in the padding after it. */
    put_static_header();
    put_code("0000000");
    check_valid("");
    put_bit(1);
    check_invalid("padding not zero");

    start();
    put_number(7, 3);
    check_invalid("no such type of block");
}

/*
 * Each length, and distances at both ends of each symbol's range, in the
 * static code: what they stand for is counted off from RFC 1951, section
 * 3.2.5, by going through the symbols in order.
 */
static void check_lengths_and_distances(void)
{
    unsigned length = 3;
    unsigned distance = 1;

    for (unsigned sym = 257; sym <= 285; sym++) {
        unsigned const extra_nbits =
            sym < 265 || sym == 285 ? 0 : (sym - 261) / 4;

        length = sym == 285 ? 258 : length;
        for (unsigned extra = 0; extra < 1u << extra_nbits; extra++, length++) {
            put_static_header();
            put_code("10010001");
            put_code_number(sym < 280 ? sym - 256 : sym - 280 + 0xc0,
                            sym < 280 ? 7 : 8);
            put_number(extra, extra_nbits);
            put_code("00000");
            put_code("0000000");
            CHECK(inflate_bytes((stream_nbits + 7) / 8) == INFLATE_DONE);
            /* Symbol 284 could also say 258. */
            CHECK(inflater.out_nbytes == 1 + length);
        }
        length -= sym == 284;
    }
    CHECK(length == 259);

    for (unsigned sym = 0; sym < 30; sym++) {
        unsigned const extra_nbits = sym < 4 ? 0 : (sym - 2) / 2;

        for (unsigned end = 0; end < 2; end++) {
            start();
            put_stored_header(false, 32768);
            for (unsigned i = 0; i < 32768; i++)
                put_number(i * 40503u >> 8, 8);
            put_number(1, 1);
            put_number(1, 2);
            put_code("0000001");
            put_code_number(sym, 5);
            put_number(end == 0 ? 0 : (1u << extra_nbits) - 1, extra_nbits);
            put_code("0000000");
            CHECK(inflate_bytes((stream_nbits + 7) / 8) == INFLATE_DONE);
            CHECK(inflater.out_nbytes == 32768 + 3);
            for (unsigned i = 32768; i < 32768 + 3; i++)
                CHECK(out[i] ==
                      out[i - (end == 0 ? distance :
                                          distance + (1u << extra_nbits) - 1)]);
        }
        distance += 1u << extra_nbits;
    }
    CHECK(distance == 32769);
}

/*
 * A dynamic header with codes of 1 and 2 bits: the code of lengths has 0 for
 * "1", 10 for "2", 110 for "0" and 111 for "18".  Literals "a" and "b", the
 * end, and two distances.
 */
static void put_dynamic_header(const char *litlen_end, const char *distances)
{
    static const char length_of_order[18] = {0, 0, 3, 3, 0, 0, 0, 0, 0,
                                             0, 0, 0, 0, 0, 0, 2, 0, 1};

    start();
    put_number(1, 1);
    put_number(2, 2);
    put_number(0, 5);
    put_number(1, 5);
    put_number(18 - 4, 4);
    for (unsigned i = 0; i < 18; i++)
        put_number((unsigned)length_of_order[i], 3);
    put_code("111");
    put_number(97 - 11, 7);
    put_code("0");  /* "a": 1 bit */
    put_code("10"); /* "b": 2 bits */
    put_code("111");
    put_number(138 - 11, 7);
    put_code("111");
    put_number(256 - 99 - 138 - 11, 7);
    put_code(litlen_end);
    put_code(distances);
}

static void check_dynamic(void)
{
    put_dynamic_header("10", "00");
    put_code("0"
             "0"
             "10"
             "11");
    check_valid("aab");

    put_dynamic_header("110", "00");
    check_invalid("no code for the end of the block");
    put_dynamic_header("0", "00");
    check_invalid("literal/length code not complete");
    put_dynamic_header("10", "0110");
    check_invalid("distance code not complete");
    put_dynamic_header("10", "010");
    check_invalid("distance code not complete");
    put_dynamic_header("10", "110110");
    check_invalid("distance code not complete");
    put_dynamic_header("10", "0111");
    put_number(0, 7);
    check_invalid("too many lengths");

    /* The end of the header decides on sizes. */
    start();
    put_number(5, 3);
    put_number(30, 5);
    put_number(0, 5);
    put_number(0, 4);
    put_number(0, 12);
    check_invalid("more symbols than there are");
    start();
    put_number(5, 3);
    put_number(0, 5);
    put_number(30, 5);
    put_number(0, 4);
    put_number(0, 12);
    check_invalid("more symbols than there are");

    /* 16, 17, 18 and 0 with: none; one; 1, 1 and 1; 1 and 1 and a repeat. */
    for (unsigned lengths = 0; lengths < 3; lengths++) {
        start();
        put_number(5, 3);
        put_number(0, 14);
        put_number(lengths == 0 ? 0 : lengths == 1 ? 1 : 0111, 12);
        check_invalid("code of lengths not complete");
    }
    start();
    put_number(5, 3);
    put_number(0, 14);
    put_number(0011, 12);
    put_code("0");
    check_invalid("nothing to repeat");
}

TEST_MAIN
{
    CHECK(inflate_bytes(0) == INFLATE_MORE);
    check_stored();
    check_static();
    check_lengths_and_distances();
    check_dynamic();
    return 0;
}
