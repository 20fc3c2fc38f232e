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

        crc = crc32_slices[7][low & 0xff] ^ crc32_slices[6][low >> 8 & 0xff] ^
              crc32_slices[5][low >> 16 & 0xff] ^ crc32_slices[4][low >> 24] ^
              crc32_slices[3][high & 0xff] ^ crc32_slices[2][high >> 8 & 0xff] ^
              crc32_slices[1][high >> 16 & 0xff] ^ crc32_slices[0][high >> 24];
    }
    for (; in_nbytes > 0; in_nbytes--)
        crc = crc32_slices[0][(crc ^ *in++) & 0xff] ^ crc >> 8;
    return ~crc;
}

#if FGZ_CPU_DISPATCH && defined(__x86_64__)

#  include <immintrin.h>

#  define CRC32_FOLD_FEATURE FGZ_CPU_PCLMUL
#  define CRC32_FOLD_TARGET __attribute__((target("pclmul,sse4.1")))

typedef __m128i crc32_vector;

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_set(uint64_t first,
                                                    uint64_t second)
{
    return _mm_set_epi64x((int64_t)second, (int64_t)first);
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_xor(crc32_vector a,
                                                    crc32_vector b)
{
    return _mm_xor_si128(a, b);
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_multiply_first(crc32_vector a,
                                                               crc32_vector b)
{
    return _mm_clmulepi64_si128(a, b, 0x00);
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_multiply_second(crc32_vector a,
                                                                crc32_vector b)
{
    return _mm_clmulepi64_si128(a, b, 0x11);
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_permute(crc32_vector bytes,
                                                        crc32_vector indices)
{
    return _mm_shuffle_epi8(bytes, indices);
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector
crc32_permute_over(crc32_vector below, crc32_vector bytes, crc32_vector indices)
{
    return _mm_blendv_epi8(_mm_shuffle_epi8(bytes, indices), below, indices);
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_second_to_first(crc32_vector a)
{
    return _mm_srli_si128(a, 8);
}

CRC32_FOLD_TARGET FGZ_INLINE uint32_t crc32_second_low32(crc32_vector a)
{
    return (uint32_t)_mm_extract_epi32(a, 2);
}

#  include "crc32_fold.h"

#endif

#if FGZ_CPU_DISPATCH && defined(__aarch64__) && !FGZ_BIG_ENDIAN

#  include <arm_acle.h>
#  include <arm_neon.h>

#  if !defined(__clang__)
#    define CRC32_FOLD_TARGET __attribute__((target("+crypto")))
#    define CRC32_STEP_TARGET __attribute__((target("+crc")))
#  elif __clang_major__ >= 16
#    define CRC32_FOLD_TARGET __attribute__((target("aes")))
#    define CRC32_STEP_TARGET __attribute__((target("crc")))
#  else
/* Such a clang has the instructions only where it may use them anyway. */
#    if defined(__ARM_FEATURE_AES)
#      define CRC32_FOLD_TARGET
#    endif
#    if defined(__ARM_FEATURE_CRC32)
#      define CRC32_STEP_TARGET
#    endif
#  endif

#  ifdef CRC32_FOLD_TARGET

#    define CRC32_FOLD_FEATURE FGZ_CPU_PMULL

typedef uint8x16_t crc32_vector;

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_load(const uint8_t *p)
{
    return vld1q_u8(p);
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_set(uint64_t first,
                                                    uint64_t second)
{
    return vreinterpretq_u8_u64(
        vcombine_u64(vcreate_u64(first), vcreate_u64(second)));
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_xor(crc32_vector a,
                                                    crc32_vector b)
{
    return veorq_u8(a, b);
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_multiply_first(crc32_vector a,
                                                               crc32_vector b)
{
    return vreinterpretq_u8_p128(
        vmull_p64(vgetq_lane_p64(vreinterpretq_p64_u8(a), 0),
                  vgetq_lane_p64(vreinterpretq_p64_u8(b), 0)));
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_multiply_second(crc32_vector a,
                                                                crc32_vector b)
{
    return vreinterpretq_u8_p128(
        vmull_high_p64(vreinterpretq_p64_u8(a), vreinterpretq_p64_u8(b)));
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_permute(crc32_vector bytes,
                                                        crc32_vector indices)
{
    return vqtbl1q_u8(bytes, indices);
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector
crc32_permute_over(crc32_vector below, crc32_vector bytes, crc32_vector indices)
{
    return vqtbx1q_u8(below, bytes, indices);
}

CRC32_FOLD_TARGET FGZ_INLINE crc32_vector crc32_second_to_first(crc32_vector a)
{
    return vextq_u8(a, vdupq_n_u8(0), 8);
}

CRC32_FOLD_TARGET FGZ_INLINE uint32_t crc32_second_low32(crc32_vector a)
{
    return vgetq_lane_u32(vreinterpretq_u32_u8(a), 2);
}

#    include "crc32_fold.h"

#  endif

#  ifdef CRC32_STEP_TARGET

#    define CRC32_STEP_FEATURE FGZ_CPU_CRC32

/* For the processors that know CRC-32 but not how to multiply. */
CRC32_STEP_TARGET static uint32_t crc32_step(uint32_t crc, const uint8_t *in,
                                             size_t in_nbytes)
{
    crc = ~crc;
    for (; in_nbytes >= 8; in_nbytes -= 8, in += 8)
        crc = __crc32d(crc, fgz_load_le64(in));
    for (; in_nbytes > 0; in_nbytes--)
        crc = __crc32b(crc, *in++);
    return ~crc;
}

#  endif

#endif

fgz_checksum *fgz_crc32_best(void)
{
#ifdef CRC32_FOLD_FEATURE
    if (fgz_cpu_features() & CRC32_FOLD_FEATURE)
        return crc32_fold;
#endif
#ifdef CRC32_STEP_FEATURE
    if (fgz_cpu_features() & CRC32_STEP_FEATURE)
        return crc32_step;
#endif
    return fgz_crc32_portable;
}

#if FGZ_CPU_DISPATCH

#  include <stdatomic.h>

static fgz_checksum crc32_choose;
static fgz_checksum *_Atomic crc32_chosen = crc32_choose;

/* The first call comes here, and puts the best implementation in its place. */
static uint32_t crc32_choose(uint32_t crc, const uint8_t *in, size_t in_nbytes)
{
    fgz_checksum *const best = fgz_crc32_best();

    atomic_store_explicit(&crc32_chosen, best, memory_order_relaxed);
    return best(crc, in, in_nbytes);
}

uint32_t fgz_crc32(uint32_t crc, const uint8_t *in, size_t in_nbytes)
{
    fgz_checksum *const implementation =
        atomic_load_explicit(&crc32_chosen, memory_order_relaxed);

    return implementation(crc, in, in_nbytes);
}

#else

uint32_t fgz_crc32(uint32_t crc, const uint8_t *in, size_t in_nbytes)
{
    return fgz_crc32_portable(crc, in, in_nbytes);
}

#endif
