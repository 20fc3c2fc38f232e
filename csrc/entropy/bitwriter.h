/*
 * bitwriter.h - the order of bits in DEFLATE (RFC 1951, section 3.1.1) and in
 * zstd (RFC 8878, section 4)
 *
 * Bits fill bytes from the lowest bit up.  They gather in a 64-bit word; a
 * flush stores the whole word and steps over the complete bytes, with no
 * branch that depends on the data.
 */
#ifndef FGZ_BITWRITER_H
#define FGZ_BITWRITER_H

#include "../common.h"

typedef struct fgz_bitwriter {
    uint64_t bits;  /* not yet stored; zero above nbits */
    unsigned nbits; /* at most 7 after a flush */
    uint8_t *next;
    uint8_t *end;
} fgz_bitwriter;

/* The bits that still fit. */
FGZ_INLINE uint64_t fgz_bits_avail(const fgz_bitwriter *out)
{
    return 8 * (uint64_t)(out->end - out->next) - out->nbits;
}

/* The lowest nbits of a value, fewer than 64. */
FGZ_INLINE uint64_t fgz_low_bits(uint64_t value, unsigned nbits)
{
    return value & (((uint64_t)1 << nbits) - 1);
}

/* The most bits that can be put between two flushes: with the 7 that may wait
 * they are fewer than 64, which no shift may reach. */
#define FGZ_BITS_PUT_MAX_NBITS 56

/* Add count bits. */
FGZ_INLINE void fgz_bits_put(fgz_bitwriter *out, uint64_t value, unsigned count)
{
    out->bits |= value << out->nbits;
    out->nbits += count;
}

/* Store complete bytes.  Writes 8 bytes at out->next, whatever their count. */
FGZ_INLINE void fgz_bits_flush_fast(fgz_bitwriter *out)
{
    fgz_store_le64(out->next, out->bits);
    out->next += out->nbits >> 3;
    out->bits >>= out->nbits & ~7u;
    out->nbits &= 7;
}

/* Store complete bytes, and touch no byte beyond them. */
FGZ_INLINE void fgz_bits_flush(fgz_bitwriter *out)
{
    for (; out->nbits >= 8; out->nbits -= 8) {
        *out->next++ = (uint8_t)out->bits;
        out->bits >>= 8;
    }
}

/* Fill the last byte with zeros and store it. */
FGZ_INLINE void fgz_bits_align(fgz_bitwriter *out)
{
    out->nbits = (out->nbits + 7) & ~7u;
    fgz_bits_flush(out);
}

#endif /* FGZ_BITWRITER_H */
