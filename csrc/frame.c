/*
 * The headers and trailers of gzip (RFC 1952) and zlib (RFC 1950), and the
 * header of dcz (RFC 9842).
 *
 * Nothing in them depends on anything but the coding, the level, the dictionary
 * and the input: no time, no name, no system, so that the same body gives the
 * same bytes everywhere.  The level shows as the hint of RFC 1952's XFL and RFC
 * 1950's FLEVEL, which no decoder heeds.
 */
#include "frame.h"

#include "checksum/checksum.h"
#include "deflate/deflate.h" /* the levels */
#include "dictionary.h"      /* the length of a digest */

/* RFC 1952, section 2.3: ID1 ID2 CM FLG MTIME(4) XFL OS; CRC32(4) ISIZE(4). */
#define GZIP_HEADER_NBYTES 10
#define GZIP_TRAILER_NBYTES 8
#define GZIP_XFL_SMALLEST 2
#define GZIP_XFL_FASTEST 4
#define GZIP_OS_UNKNOWN 255

/* RFC 1950, section 2.2: CMF FLG; ADLER32(4). */
#define ZLIB_HEADER_NBYTES 2
#define ZLIB_TRAILER_NBYTES 4
#define ZLIB_CMF_DEFLATE_32K 0x78

/* RFC 9842, section 5: a skippable frame of zstd (RFC 8878, section 3.1.2), its
 * magic number, length and content, so that decoders of zstd pass over it. */
#define DCZ_MAGIC_NUMBER 0x184d2a5e
#define DCZ_HEADER_NBYTES (8 + FGZ_DIGEST_NBYTES)

size_t fgz_frame_header_nbytes(fgz_coding coding)
{
    return coding == FGZ_GZIP ? GZIP_HEADER_NBYTES :
           coding == FGZ_ZLIB ? ZLIB_HEADER_NBYTES :
           coding == FGZ_DCZ  ? DCZ_HEADER_NBYTES :
                                0;
}

size_t fgz_frame_trailer_nbytes(fgz_coding coding)
{
    return coding == FGZ_GZIP ? GZIP_TRAILER_NBYTES :
           coding == FGZ_ZLIB ? ZLIB_TRAILER_NBYTES :
                                0;
}

fgz_frame fgz_frame_start(fgz_coding coding, int level, const uint8_t *digest)
{
    return (fgz_frame){coding,
                       level < 0 ? FGZ_DEFLATE_DEFAULT_LEVEL : level,
                       digest,
                       false,
                       coding == FGZ_ZLIB ? FGZ_ADLER32_INITIAL :
                                            FGZ_CRC32_INITIAL,
                       0};
}

static void put_gzip_header(int level, uint8_t *out)
{
    uint8_t const header[GZIP_HEADER_NBYTES] = {
        0x1f,
        0x8b,
        8,
        0,
        0,
        0,
        0,
        0,
        (uint8_t)(level >= 9 ? GZIP_XFL_SMALLEST :
                  level <= 1 ? GZIP_XFL_FASTEST :
                               0),
        GZIP_OS_UNKNOWN};

    memcpy(out, header, sizeof(header));
}

/* FLEVEL is in the two top bits, FCHECK makes a multiple of 31. */
static void put_zlib_header(int level, uint8_t *out)
{
    unsigned const flevel = level <= 1 ? 0 :
                            level <= 5 ? 1 :
                            level == 6 ? 2 :
                                         3;
    unsigned header = ZLIB_CMF_DEFLATE_32K << 8 | flevel << 6;

    header += 31 - header % 31;
    out[0] = (uint8_t)(header >> 8);
    out[1] = (uint8_t)header;
}

static void put_dcz_header(const uint8_t *digest, uint8_t *out)
{
    fgz_store_le32(out, DCZ_MAGIC_NUMBER);
    fgz_store_le32(out + 4, FGZ_DIGEST_NBYTES);
    memcpy(out + 8, digest, FGZ_DIGEST_NBYTES);
}

size_t fgz_frame_put_header(fgz_frame *frame, uint8_t *out)
{
    if (frame->has_header)
        return 0;
    frame->has_header = true;
    if (frame->coding == FGZ_GZIP)
        put_gzip_header(frame->level, out);
    else if (frame->coding == FGZ_ZLIB)
        put_zlib_header(frame->level, out);
    else if (frame->coding == FGZ_DCZ)
        put_dcz_header(frame->digest, out);
    return fgz_frame_header_nbytes(frame->coding);
}

void fgz_frame_add(fgz_frame *frame, const uint8_t *in, size_t in_nbytes)
{
    if (frame->coding == FGZ_GZIP)
        frame->checksum = fgz_crc32(frame->checksum, in, in_nbytes);
    else if (frame->coding == FGZ_ZLIB)
        frame->checksum = fgz_adler32(frame->checksum, in, in_nbytes);
    frame->in_nbytes_mod32 += (uint32_t)in_nbytes;
}

size_t fgz_frame_put_trailer(const fgz_frame *frame, uint8_t *out)
{
    if (frame->coding == FGZ_GZIP) {
        fgz_store_le32(out, frame->checksum);
        fgz_store_le32(out + 4, frame->in_nbytes_mod32);
    } else if (frame->coding == FGZ_ZLIB) {
        fgz_store_be32(out, frame->checksum);
    }
    return fgz_frame_trailer_nbytes(frame->coding);
}
