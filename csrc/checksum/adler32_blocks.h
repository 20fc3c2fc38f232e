/*
 * adler32_blocks.h - Adler-32 in blocks of 32 bytes, for one instruction set
 *
 * adler32.c defines, and this file takes away again,
 *
 *     ADLER32_NAME               the function to make
 *     ADLER32_TARGET             its instruction set
 *     ADLER32_VECTOR             a vector of 32-bit sums
 *     ADLER32_ZERO()             one of zeros
 *     ADLER32_ADD(a, b)          the sum of two, lane by lane
 *     ADLER32_SHIFT5(a)          32 times each lane
 *     ADLER32_ADD_BYTES(a, in)   a + the sum of the 32 bytes at in
 *     ADLER32_ADD_WEIGHTED(a, in)  a + 32 * in[0] + 31 * in[1] ... + in[31]
 *     ADLER32_TOTAL(a)           the sum of the lanes
 *
 * where a sum may be spread over the lanes in any way: only the total counts.
 *
 * Over m blocks, with S(k) for the sum of all bytes before block k,
 *
 *     s2 += 32 * m * s1 + 32 * (S(0) + ... + S(m - 1)) + all weighted sums
 *     s1 += S(m)
 *
 * so the loop keeps three vectors, and nothing is multiplied by 32 until its
 * end.  The lanes of a vector add up to a part of what the portable code has
 * in its sums, which is below 2^32 for as many bytes.
 */
ADLER32_TARGET static uint32_t ADLER32_NAME(uint32_t adler, const uint8_t *in,
                                            size_t in_nbytes)
{
    uint32_t s1 = adler & 0xffff;
    uint32_t s2 = adler >> 16;

    while (in_nbytes >= 32) {
        size_t const chunk_nbytes =
            fgz_min_size(in_nbytes, ADLER32_MAX_UNREDUCED_NBYTES) / 32 * 32;
        const uint8_t *const chunk_end = in + chunk_nbytes;
        ADLER32_VECTOR bytes = ADLER32_ZERO();
        ADLER32_VECTOR bytes_before = ADLER32_ZERO();
        ADLER32_VECTOR weighted = ADLER32_ZERO();

        for (; in < chunk_end; in += 32) {
            bytes_before = ADLER32_ADD(bytes_before, bytes);
            bytes = ADLER32_ADD_BYTES(bytes, in);
            weighted = ADLER32_ADD_WEIGHTED(weighted, in);
        }
        weighted = ADLER32_ADD(weighted, ADLER32_SHIFT5(bytes_before));
        s2 += (uint32_t)chunk_nbytes * s1 + ADLER32_TOTAL(weighted);
        s1 += ADLER32_TOTAL(bytes);
        s1 %= ADLER32_BASE;
        s2 %= ADLER32_BASE;
        in_nbytes -= chunk_nbytes;
    }
    return fgz_adler32_portable(s2 << 16 | s1, in, in_nbytes);
}

#undef ADLER32_NAME
#undef ADLER32_TARGET
#undef ADLER32_VECTOR
#undef ADLER32_ZERO
#undef ADLER32_ADD
#undef ADLER32_SHIFT5
#undef ADLER32_ADD_BYTES
#undef ADLER32_ADD_WEIGHTED
#undef ADLER32_TOTAL
