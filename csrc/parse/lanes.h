/*
 * lanes.h - eight values of 16 bits at once, as every processor of a kind can:
 * SSE2 on x86-64, NEON on aarch64, and standard C
 *
 * Positions are entered into a table of heads eight at a time: what the heads
 * were goes into lanes, and one subtraction and one store make distances of it.
 * With a store for two of them it takes 1.4 times as long.
 */
#ifndef FGZ_LANES_H
#define FGZ_LANES_H

#include "../common.h"

#define FGZ_LANES_COUNT 8

#if FGZ_HAS_BUILTINS && defined(__x86_64__)

#  include <emmintrin.h>

typedef __m128i fgz_lanes;

FGZ_INLINE fgz_lanes fgz_lanes_zero(void)
{
    return _mm_setzero_si128();
}

/* All are the value. */
FGZ_INLINE fgz_lanes fgz_lanes_of(uint32_t value)
{
    return _mm_set1_epi16((int16_t)(uint16_t)value);
}

/* The value and those that follow it. */
FGZ_INLINE fgz_lanes fgz_lanes_ramp(uint32_t value)
{
    return _mm_add_epi16(fgz_lanes_of(value),
                         _mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7));
}

FGZ_INLINE fgz_lanes fgz_lanes_add(fgz_lanes a, fgz_lanes b)
{
    return _mm_add_epi16(a, b);
}

FGZ_INLINE fgz_lanes fgz_lanes_subtract(fgz_lanes a, fgz_lanes b)
{
    return _mm_sub_epi16(a, b);
}

/* a less b, and 0 where b is more. */
FGZ_INLINE fgz_lanes fgz_lanes_lessen(fgz_lanes a, fgz_lanes b)
{
    return _mm_subs_epu16(a, b);
}

/* The larger of each two, as signed numbers. */
FGZ_INLINE fgz_lanes fgz_lanes_max(fgz_lanes a, fgz_lanes b)
{
    return _mm_max_epi16(a, b);
}

FGZ_INLINE fgz_lanes fgz_lanes_load(const uint16_t *from)
{
    return _mm_loadu_si128((const __m128i *)(const void *)from);
}

FGZ_INLINE void fgz_lanes_store(uint16_t *into, fgz_lanes lanes)
{
    _mm_storeu_si128((__m128i *)(void *)into, lanes);
}

/* The same lanes with another value at k, a constant. */
#  define FGZ_LANES_SET(lanes, value, k) _mm_insert_epi16(lanes, value, k)

#elif FGZ_HAS_BUILTINS && defined(__aarch64__) && defined(__ARM_NEON)

#  include <arm_neon.h>

typedef uint16x8_t fgz_lanes;

FGZ_INLINE fgz_lanes fgz_lanes_zero(void)
{
    return vdupq_n_u16(0);
}

FGZ_INLINE fgz_lanes fgz_lanes_of(uint32_t value)
{
    return vdupq_n_u16((uint16_t)value);
}

FGZ_INLINE fgz_lanes fgz_lanes_ramp(uint32_t value)
{
    static const uint16_t ramp[FGZ_LANES_COUNT] = {0, 1, 2, 3, 4, 5, 6, 7};

    return vaddq_u16(fgz_lanes_of(value), vld1q_u16(ramp));
}

FGZ_INLINE fgz_lanes fgz_lanes_add(fgz_lanes a, fgz_lanes b)
{
    return vaddq_u16(a, b);
}

FGZ_INLINE fgz_lanes fgz_lanes_subtract(fgz_lanes a, fgz_lanes b)
{
    return vsubq_u16(a, b);
}

FGZ_INLINE fgz_lanes fgz_lanes_lessen(fgz_lanes a, fgz_lanes b)
{
    return vqsubq_u16(a, b);
}

FGZ_INLINE fgz_lanes fgz_lanes_max(fgz_lanes a, fgz_lanes b)
{
    return vreinterpretq_u16_s16(
        vmaxq_s16(vreinterpretq_s16_u16(a), vreinterpretq_s16_u16(b)));
}

FGZ_INLINE fgz_lanes fgz_lanes_load(const uint16_t *from)
{
    return vld1q_u16(from);
}

FGZ_INLINE void fgz_lanes_store(uint16_t *into, fgz_lanes lanes)
{
    vst1q_u16(into, lanes);
}

#  define FGZ_LANES_SET(lanes, value, k) vsetq_lane_u16(value, lanes, k)

#else

typedef struct fgz_lanes {
    uint16_t values[FGZ_LANES_COUNT];
} fgz_lanes;

FGZ_INLINE fgz_lanes fgz_lanes_of(uint32_t value)
{
    fgz_lanes lanes;

    for (unsigned k = 0; k < FGZ_LANES_COUNT; k++)
        lanes.values[k] = (uint16_t)value;
    return lanes;
}

FGZ_INLINE fgz_lanes fgz_lanes_zero(void)
{
    return fgz_lanes_of(0);
}

FGZ_INLINE fgz_lanes fgz_lanes_ramp(uint32_t value)
{
    fgz_lanes lanes;

    for (unsigned k = 0; k < FGZ_LANES_COUNT; k++)
        lanes.values[k] = (uint16_t)(value + k);
    return lanes;
}

FGZ_INLINE fgz_lanes fgz_lanes_add(fgz_lanes a, fgz_lanes b)
{
    for (unsigned k = 0; k < FGZ_LANES_COUNT; k++)
        a.values[k] = (uint16_t)(a.values[k] + b.values[k]);
    return a;
}

FGZ_INLINE fgz_lanes fgz_lanes_subtract(fgz_lanes a, fgz_lanes b)
{
    for (unsigned k = 0; k < FGZ_LANES_COUNT; k++)
        a.values[k] = (uint16_t)(a.values[k] - b.values[k]);
    return a;
}

FGZ_INLINE fgz_lanes fgz_lanes_lessen(fgz_lanes a, fgz_lanes b)
{
    for (unsigned k = 0; k < FGZ_LANES_COUNT; k++)
        a.values[k] =
            (uint16_t)(a.values[k] > b.values[k] ? a.values[k] - b.values[k] :
                                                   0);
    return a;
}

FGZ_INLINE fgz_lanes fgz_lanes_max(fgz_lanes a, fgz_lanes b)
{
    for (unsigned k = 0; k < FGZ_LANES_COUNT; k++)
        if ((a.values[k] ^ 0x8000) < (b.values[k] ^ 0x8000))
            a.values[k] = b.values[k];
    return a;
}

FGZ_INLINE fgz_lanes fgz_lanes_load(const uint16_t *from)
{
    fgz_lanes lanes;

    memcpy(lanes.values, from, sizeof(lanes.values));
    return lanes;
}

FGZ_INLINE void fgz_lanes_store(uint16_t *into, fgz_lanes lanes)
{
    memcpy(into, lanes.values, sizeof(lanes.values));
}

FGZ_INLINE fgz_lanes fgz_lanes_set(fgz_lanes lanes, uint16_t value, unsigned k)
{
    lanes.values[k] = value;
    return lanes;
}

#  define FGZ_LANES_SET(lanes, value, k) fgz_lanes_set(lanes, value, k)

#endif

#endif /* FGZ_LANES_H */
