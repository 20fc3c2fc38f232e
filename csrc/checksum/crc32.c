/*
 * CRC-32, RFC 1952 section 8.
 *
 * A message is a polynomial over GF(2); its CRC is the remainder of that
 * polynomial, times x^32, divided by the generator
 *
 *     G = x^32 + x^26 + x^23 + x^22 + x^16 + x^12 + x^11 + x^10 + x^8 + x^7
 *       + x^5 + x^4 + x^2 + x + 1
 *
 * with the first 32 bits and the result inverted.  Bits are reversed: the
 * lowest bit of a byte is its highest power, and so a little-endian load gives
 * a word whose bit 0 is the highest power.
 *
 * Everything here rests on one fact: a piece A of the message with n bits
 * after it contributes A * x^n modulo G, and the pieces just add (xor).
 */
#include "checksum.h"

#include <stdatomic.h>

#include "../common.h"
#include "../cpu.h"
#include "crc32_tables.h"

/*
 * Eight bytes a step: crc32_slices[k][b] is byte b with k zero bytes after it,
 * so eight look-ups that do not wait for each other advance by eight bytes.
 */
uint32_t fgz_crc32_portable(uint32_t crc, const uint8_t *in, size_t in_nbytes)
{
    crc = ~crc;
    for (; in_nbytes >= 8; in_nbytes -= 8, in += 8) {
        uint32_t const low = fgz_load_le32(in) ^ crc;
        uint32_t const high = fgz_load_le32(in + 4);

        crc = crc32_slices[7][low & 0xff] ^
              crc32_slices[6][low >> 8 & 0xff] ^
              crc32_slices[5][low >> 16 & 0xff] ^
              crc32_slices[4][low >> 24] ^
              crc32_slices[3][high & 0xff] ^
              crc32_slices[2][high >> 8 & 0xff] ^
              crc32_slices[1][high >> 16 & 0xff] ^
              crc32_slices[0][high >> 24];
    }
    for (; in_nbytes > 0; in_nbytes--)
        crc = crc32_slices[0][(crc ^ *in++) & 0xff] ^ crc >> 8;
    return ~crc;
}

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define CRC32_TARGET __attribute__((target("pclmul,sse4.1")))

/*
 * Move a register over n bits of message that follow it.  The register is
 * FIRST * x^64 + SECOND, FIRST being its low half because bits are reversed,
 * so
 *
 *     register * x^n = FIRST * x^(n + 64) + SECOND * x^n
 *
 * and both powers may be reduced modulo G beforehand.  The product of two
 * reversed 64-bit words, read as a reversed 128-bit word, has one factor x too
 * many, so the constants are the powers n + 63 and n - 1.
 */
CRC32_TARGET FGZ_INLINE __m128i crc32_fold(__m128i reg, __m128i powers)
{
    return _mm_xor_si128(_mm_clmulepi64_si128(reg, powers, 0x00),
                         _mm_clmulepi64_si128(reg, powers, 0x11));
}

CRC32_TARGET FGZ_INLINE __m128i crc32_load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/*
 * Four registers, 64 bytes apart, hide the latency of the multiplication; then
 * one register takes the rest, 16 bytes a step.  What is left in it has the
 * same remainder as all it stands for, so the portable code finishes: 16 bytes
 * of register as if they were message, and the tail.
 */
CRC32_TARGET static uint32_t crc32_pclmul(uint32_t crc, const uint8_t *in,
                                          size_t in_nbytes)
{
    __m128i const by_512 = _mm_set_epi64x((int64_t)CRC32_FOLD_512_SECOND,
                                          (int64_t)CRC32_FOLD_512_FIRST);
    __m128i const by_128 = _mm_set_epi64x((int64_t)CRC32_FOLD_128_SECOND,
                                          (int64_t)CRC32_FOLD_128_FIRST);
    __m128i x0, x1, x2, x3;
    uint8_t remainder[16];

    if (in_nbytes < 64)
        return fgz_crc32_portable(crc, in, in_nbytes);

    x0 = _mm_xor_si128(crc32_load(in), _mm_cvtsi32_si128((int)~crc));
    x1 = crc32_load(in + 16);
    x2 = crc32_load(in + 32);
    x3 = crc32_load(in + 48);
    for (in += 64, in_nbytes -= 64; in_nbytes >= 64; in += 64, in_nbytes -= 64) {
        x0 = _mm_xor_si128(crc32_fold(x0, by_512), crc32_load(in));
        x1 = _mm_xor_si128(crc32_fold(x1, by_512), crc32_load(in + 16));
        x2 = _mm_xor_si128(crc32_fold(x2, by_512), crc32_load(in + 32));
        x3 = _mm_xor_si128(crc32_fold(x3, by_512), crc32_load(in + 48));
    }
    x0 = _mm_xor_si128(crc32_fold(x0, by_128), x1);
    x0 = _mm_xor_si128(crc32_fold(x0, by_128), x2);
    x0 = _mm_xor_si128(crc32_fold(x0, by_128), x3);
    for (; in_nbytes >= 16; in += 16, in_nbytes -= 16)
        x0 = _mm_xor_si128(crc32_fold(x0, by_128), crc32_load(in));

    _mm_storeu_si128((__m128i *)(void *)remainder, x0);
    /* The inversion that starts a message is already inside: cancel it. */
    crc = fgz_crc32_portable(~0u, remainder, sizeof(remainder));
    return fgz_crc32_portable(crc, in, in_nbytes);
}

#endif

typedef uint32_t crc32_function(uint32_t crc, const uint8_t *in,
                                size_t in_nbytes);

static crc32_function crc32_choose;
static crc32_function *_Atomic crc32_chosen = crc32_choose;

/* The first call comes here, and puts the best implementation in its place. */
static uint32_t crc32_choose(uint32_t crc, const uint8_t *in, size_t in_nbytes)
{
    crc32_function *best = fgz_crc32_portable;

#if defined(__x86_64__) && defined(__GNUC__)
    if (fgz_cpu_features() & FGZ_CPU_PCLMUL)
        best = crc32_pclmul;
#endif
    atomic_store_explicit(&crc32_chosen, best, memory_order_relaxed);
    return best(crc, in, in_nbytes);
}

uint32_t fgz_crc32(uint32_t crc, const uint8_t *in, size_t in_nbytes)
{
    crc32_function *const implementation =
        atomic_load_explicit(&crc32_chosen, memory_order_relaxed);

    return implementation(crc, in, in_nbytes);
}
