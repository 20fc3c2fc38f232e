/*
 * crc32_fold.h - CRC-32 by carry-less multiplication, on any processor
 *
 * crc32.c defines CRC32_FOLD_TARGET, the type crc32_vector of 16 bytes and the
 * operations crc32_*() on it for one instruction set, and then includes this
 * file, which makes crc32_fold of them.
 *
 * REGISTERS are 128-bit words, bits reversed like the message: 16 bytes of
 * message as they are loaded.  Bit 0 is x^127, so of the two 64-bit halves
 *
 *     register = FIRST * x^64 + SECOND
 *
 * FIRST is the low one.  Multiply two halves a and b without carries: bit i of
 * a is x^(63 - i), bit j of b is x^(63 - j), and so bit i + j of the result is
 * their product x^(126 - i - j).  But bit i + j of a register is one power
 * higher.  Read as a register the result is therefore a * b * x, and the
 * constants allow for that factor x.
 *
 * A register stands for all the message before its end: what matters is only
 * its remainder modulo G.
 */

/*
 * Move a register over n bits of message that follow it:
 *
 *     register * x^n = FIRST * x^(n + 64) + SECOND * x^n
 *
 * Both powers may be reduced modulo G beforehand, so the constants are
 * x^(n + 63) mod G and x^(n - 1) mod G.
 */
CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_move(crc32_vector reg,
                                                     crc32_vector powers)
{
    return crc32_xor(crc32_multiply_first(reg, powers),
                     crc32_multiply_second(reg, powers));
}

/*
 * The last 1 to 15 bytes of a message.  With the register they are 16 + tail
 * bytes.  Cut these after the first tail bytes, not after the 16th: what comes
 * before the cut, behind so many zeros that it fills a register, is moved over
 * the 16 bytes after it, like any other.  The tail is loaded with the bytes
 * before it, which is sound because a register's worth of message was read.
 *
 * With this, 63 bytes take 13 ns; with the tables for the tail they took 41 ns,
 * measured on Zen 4.
 */
CRC32_FOLD_TARGET FGZ_INLINE crc32_vector
crc32_move_over_tail(crc32_vector reg, const uint8_t *end, size_t tail_nbytes,
                     crc32_vector by_128)
{
    /* Loaded n bytes after the middle part these drop the first n bytes, and n
     * before it they make room for n in front.  Where the index is 0xff the
     * byte comes from elsewhere: it is zero, or it is of the tail. */
    static const uint8_t indices[48] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0,    1,    2,    3,    4,    5,    6,    7,
        8,    9,    10,   11,   12,   13,   14,   15,   0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    crc32_vector const before = crc32_load(indices + tail_nbytes);
    crc32_vector const after = crc32_load(indices + 16 + tail_nbytes);

    return crc32_xor(crc32_move(crc32_permute(reg, before), by_128),
                     crc32_permute_over(crc32_load(end - 16), reg, after));
}

/*
 * The CRC, but for its inversion, is register * x^32 mod G.  First one
 * multiplication shortens that to T of degree 95, kept as T * x^32 so that it
 * fills a register from the top:
 *
 *     T * x^32 = FIRST * (x^96 mod G) * x^32 + SECOND * x^64
 *
 * Then T mod G is what long division leaves, and the quotient comes by a
 * multiplication.  Let H = floor(T / x^32), of degree 63, which is the FIRST
 * half; and Q = floor(x^95 / G), so x^95 / G = Q + e with e of negative degree.
 * Then
 *
 *     T / G = H * x^32 / G + ...  = H * (Q + e) / x^63 + ...
 *
 * where what is left out (the low 32 bits of T over G) and H * e / x^63 have
 * negative degree, so neither reaches the quotient: it is exactly
 * floor(H * Q / x^63), the FIRST half of the register H * Q * x.  Last,
 *
 *     T * x^32 + quotient * (G * x^31) * x = (T mod G) * x^32
 *
 * leaves the remainder in the upper 32 bits of the SECOND half, its powers
 * x^63 to x^32; in the reversed word these are the low ones.
 */
CRC32_FOLD_TARGET FGZ_INLINE uint32_t crc32_finish(crc32_vector reg)
{
    crc32_vector const shortened =
        crc32_xor(crc32_multiply_first(reg, crc32_set(CRC32_FINISH, 0)),
                  crc32_second_to_first(reg));
    crc32_vector const quotient =
        crc32_multiply_first(shortened, crc32_set(CRC32_QUOTIENT, 0));

    return crc32_second_low32(crc32_xor(
        shortened,
        crc32_multiply_first(quotient, crc32_set(CRC32_GENERATOR, 0))));
}

/*
 * Four registers, 64 bytes apart, hide the latency of the multiplication.  They
 * become one at once, each moved over what is after it, because three moves
 * that wait for each other would take 12 instead of 9 ns at 64 bytes, measured
 * on Zen 4.  That one takes the rest, 16 bytes a step.
 *
 * The value so far goes into the first four bytes, which is also where the
 * inversion that starts a message belongs.
 */
CRC32_FOLD_TARGET static uint32_t crc32_fold(uint32_t crc, const uint8_t *in,
                                             size_t in_nbytes)
{
    crc32_vector const by_512 =
        crc32_set(CRC32_FOLD_512_FIRST, CRC32_FOLD_512_SECOND);
    crc32_vector const by_384 =
        crc32_set(CRC32_FOLD_384_FIRST, CRC32_FOLD_384_SECOND);
    crc32_vector const by_256 =
        crc32_set(CRC32_FOLD_256_FIRST, CRC32_FOLD_256_SECOND);
    crc32_vector const by_128 =
        crc32_set(CRC32_FOLD_128_FIRST, CRC32_FOLD_128_SECOND);
    crc32_vector x0, x1, x2, x3;

    if (in_nbytes < 16)
        return fgz_crc32_portable(crc, in, in_nbytes);

    x0 = crc32_xor(crc32_load(in), crc32_set(~crc, 0));
    in += 16;
    in_nbytes -= 16;
    if (in_nbytes >= 48) {
        x1 = crc32_load(in);
        x2 = crc32_load(in + 16);
        x3 = crc32_load(in + 32);
        for (in += 48, in_nbytes -= 48; in_nbytes >= 64;
             in += 64, in_nbytes -= 64) {
            x0 = crc32_xor(crc32_move(x0, by_512), crc32_load(in));
            x1 = crc32_xor(crc32_move(x1, by_512), crc32_load(in + 16));
            x2 = crc32_xor(crc32_move(x2, by_512), crc32_load(in + 32));
            x3 = crc32_xor(crc32_move(x3, by_512), crc32_load(in + 48));
        }
        x0 = crc32_xor(crc32_move(x0, by_384), crc32_move(x1, by_256));
        x0 = crc32_xor(x0, crc32_xor(crc32_move(x2, by_128), x3));
    }
    for (; in_nbytes >= 16; in += 16, in_nbytes -= 16)
        x0 = crc32_xor(crc32_move(x0, by_128), crc32_load(in));
    if (in_nbytes > 0)
        x0 = crc32_move_over_tail(x0, in + in_nbytes, in_nbytes, by_128);
    return ~crc32_finish(x0);
}
