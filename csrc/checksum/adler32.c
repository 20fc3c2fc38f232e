#include "checksum.h"

/* The largest prime below 2^16. */
#define ADLER32_BASE 65521u

/*
 * How many bytes can be summed before the sums have to be reduced: the largest
 * n for which 255 n (n + 1) / 2 + (n + 1) (ADLER32_BASE - 1) is below 2^32.
 * It divides by 16.
 */
#define ADLER32_MAX_UNREDUCED_NBYTES 5552u

/*
 * Adler-32 keeps two sums modulo 65521: s1 of the bytes, s2 of all the values
 * s1 went through.  Over a run of 16 bytes b[0..15],
 *
 *     s2 += 16 * s1 + 16 * b[0] + 15 * b[1] + ... + 1 * b[15]
 *     s1 += b[0] + ... + b[15]
 *
 * which breaks the chain from byte to byte, so that a compiler can work on all
 * 16 at once.
 */
uint32_t fgz_adler32(uint32_t adler, const uint8_t *in, size_t in_nbytes)
{
    uint32_t s1 = adler & 0xffff;
    uint32_t s2 = adler >> 16;

    while (in_nbytes > 0) {
        size_t chunk_nbytes = in_nbytes < ADLER32_MAX_UNREDUCED_NBYTES ?
                              in_nbytes : ADLER32_MAX_UNREDUCED_NBYTES;

        in_nbytes -= chunk_nbytes;
        for (; chunk_nbytes >= 16; chunk_nbytes -= 16, in += 16) {
            uint32_t sum = 0;
            uint32_t weighted = 0;

            for (unsigned i = 0; i < 16; i++) {
                sum += in[i];
                weighted += (16 - i) * in[i];
            }
            s2 += 16 * s1 + weighted;
            s1 += sum;
        }
        for (; chunk_nbytes > 0; chunk_nbytes--) {
            s1 += *in++;
            s2 += s1;
        }
        s1 %= ADLER32_BASE;
        s2 %= ADLER32_BASE;
    }
    return s2 << 16 | s1;
}
