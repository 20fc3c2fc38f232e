/*
 * common.h - what every file of the core shares: the error convention inside
 * the library, what a stream is told to do, unaligned little-endian access, and
 * compiler hints
 */
#ifndef FGZ_COMMON_H
#define FGZ_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fastgz.h"

/* An error as a size_t: the values just below SIZE_MAX + 1. */
#define FGZ_ERROR(code) ((size_t)0 - (size_t)(code))
#define FGZ_ERROR_RANGE 128

#define FGZ_RETURN_IF(condition, code) \
    do { \
        if (condition) \
            return FGZ_ERROR(code); \
    } while (0)

#define FGZ_FORWARD_IF_ERROR(result) \
    do { \
        size_t const fgz_result_ = (result); \
        if (fgz_result_ > (size_t)0 - FGZ_ERROR_RANGE) \
            return fgz_result_; \
    } while (0)

/* What a call of a stream does once it has taken its input. */
typedef enum fgz_directive {
    FGZ_CONTINUE, /* write what is convenient */
    FGZ_FLUSH,    /* write all input so far */
    FGZ_FINISH    /* write all, and end */
} fgz_directive;

/*
 * What compilers can do beyond C11.  FGZ_PORTABLE asks for none of it, so that
 * the code for other compilers can be tested with this one.
 */
#if defined(FGZ_PORTABLE)
#  define FGZ_HAS_BUILTINS 0
#elif defined(__GNUC__) || defined(__clang__)
#  define FGZ_HAS_BUILTINS 1
#else
#  define FGZ_HAS_BUILTINS 0
#endif

#if FGZ_HAS_BUILTINS
#  define FGZ_LIKELY(x) __builtin_expect(!!(x), 1)
#  define FGZ_UNLIKELY(x) __builtin_expect(!!(x), 0)
#  define FGZ_PREFETCH(p) __builtin_prefetch((p), 1) /* to be changed, too */
#  define FGZ_INLINE static inline __attribute__((always_inline))
#  define FGZ_NOINLINE __attribute__((noinline))
#  define FGZ_RESTRICT restrict
#elif defined(_MSC_VER)
#  include <intrin.h>
#  define FGZ_LIKELY(x) (x)
#  define FGZ_UNLIKELY(x) (x)
#  define FGZ_PREFETCH(p) ((void)(p))
#  define FGZ_INLINE static __forceinline
#  define FGZ_NOINLINE __declspec(noinline)
#  define FGZ_RESTRICT __restrict
#else
#  define FGZ_LIKELY(x) (x)
#  define FGZ_UNLIKELY(x) (x)
#  define FGZ_PREFETCH(p) ((void)(p))
#  define FGZ_INLINE static inline
#  define FGZ_NOINLINE
#  define FGZ_RESTRICT restrict
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#  define FGZ_BIG_ENDIAN 1
#else
#  define FGZ_BIG_ENDIAN 0
#endif

FGZ_INLINE size_t fgz_min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Loads and stores go through little-endian values on every machine, because
 * the hashes are taken from them and the output must not depend on the
 * processor. */

FGZ_INLINE uint32_t fgz_load_le32(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof(value));
#if FGZ_BIG_ENDIAN
    value = __builtin_bswap32(value);
#endif
    return value;
}

FGZ_INLINE uint64_t fgz_load_le64(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof(value));
#if FGZ_BIG_ENDIAN
    value = __builtin_bswap64(value);
#endif
    return value;
}

FGZ_INLINE void fgz_store_le32(uint8_t *p, uint32_t value)
{
#if FGZ_BIG_ENDIAN
    value = __builtin_bswap32(value);
#endif
    memcpy(p, &value, sizeof(value));
}

FGZ_INLINE void fgz_store_be32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

FGZ_INLINE void fgz_store_le64(uint8_t *p, uint64_t value)
{
#if FGZ_BIG_ENDIAN
    value = __builtin_bswap64(value);
#endif
    memcpy(p, &value, sizeof(value));
}

/* The index of the lowest set bit; value is not 0. */
FGZ_INLINE unsigned fgz_lowest_bit64(uint64_t value)
{
#if FGZ_HAS_BUILTINS
    return (unsigned)__builtin_ctzll(value);
#elif defined(_MSC_VER) && defined(_WIN64)
    unsigned long index;
    _BitScanForward64(&index, value);
    return index;
#else
    unsigned index = 0;
    for (; (value & 1) == 0; value >>= 1)
        index++;
    return index;
#endif
}

/* The index of the highest set bit; value is not 0. */
FGZ_INLINE unsigned fgz_highest_bit32(uint32_t value)
{
#if FGZ_HAS_BUILTINS
    return 31u - (unsigned)__builtin_clz(value);
#elif defined(_MSC_VER)
    unsigned long index;
    _BitScanReverse(&index, value);
    return index;
#else
    unsigned index = 0;
    for (; value > 1; value >>= 1)
        index++;
    return index;
#endif
}

/* The same of 64 bits. */
FGZ_INLINE unsigned fgz_highest_bit64(uint64_t value)
{
#if FGZ_HAS_BUILTINS
    return 63u - (unsigned)__builtin_clzll(value);
#else
    return value >> 32 != 0 ? 32 + fgz_highest_bit32((uint32_t)(value >> 32)) :
                              fgz_highest_bit32((uint32_t)value);
#endif
}

#endif /* FGZ_COMMON_H */
