#include "gzip.h"

#include "alloc.h"
#include "checksum/checksum.h"

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

struct fgz_gzip {
    fgz_coding coding;
    int level;
    bool has_header; /* of this stream, written */
    uint32_t checksum;
    uint32_t in_nbytes_mod32; /* of this stream, for ISIZE */
    fgz_deflate *deflate;
};

static size_t header_nbytes(fgz_coding coding)
{
    return coding == FGZ_GZIP ? GZIP_HEADER_NBYTES :
           coding == FGZ_ZLIB ? ZLIB_HEADER_NBYTES :
                                0;
}

static size_t trailer_nbytes(fgz_coding coding)
{
    return coding == FGZ_GZIP ? GZIP_TRAILER_NBYTES :
           coding == FGZ_ZLIB ? ZLIB_TRAILER_NBYTES :
                                0;
}

static size_t put_header(const fgz_gzip *gzip, uint8_t *out)
{
    int const level = gzip->level < 0 ? FGZ_DEFLATE_DEFAULT_LEVEL : gzip->level;

    if (gzip->coding == FGZ_GZIP) {
        uint8_t const header[GZIP_HEADER_NBYTES] = {
            0x1f,
            0x8b,
            8,
            0,
            0,
            0,
            0,
            0,
            (uint8_t)(level == FGZ_DEFLATE_MAX_LEVEL ? GZIP_XFL_SMALLEST :
                      level <= 1                     ? GZIP_XFL_FASTEST :
                                                       0),
            GZIP_OS_UNKNOWN};
        memcpy(out, header, sizeof(header));
    } else if (gzip->coding == FGZ_ZLIB) {
        /* FLEVEL in the two top bits, FCHECK to make a multiple of 31. */
        unsigned const flevel = level <= 1 ? 0 :
                                level <= 5 ? 1 :
                                level == 6 ? 2 :
                                             3;
        unsigned header = ZLIB_CMF_DEFLATE_32K << 8 | flevel << 6;

        header += 31 - header % 31;
        out[0] = (uint8_t)(header >> 8);
        out[1] = (uint8_t)header;
    }
    return header_nbytes(gzip->coding);
}

static size_t put_trailer(const fgz_gzip *gzip, uint8_t *out)
{
    if (gzip->coding == FGZ_GZIP) {
        fgz_store_le32(out, gzip->checksum);
        fgz_store_le32(out + 4, gzip->in_nbytes_mod32);
    } else if (gzip->coding == FGZ_ZLIB) {
        fgz_store_be32(out, gzip->checksum);
    }
    return trailer_nbytes(gzip->coding);
}

static void add_to_checksum(fgz_gzip *gzip, const uint8_t *in, size_t in_nbytes)
{
    if (gzip->coding == FGZ_GZIP)
        gzip->checksum = fgz_crc32(gzip->checksum, in, in_nbytes);
    else if (gzip->coding == FGZ_ZLIB)
        gzip->checksum = fgz_adler32(gzip->checksum, in, in_nbytes);
    gzip->in_nbytes_mod32 += (uint32_t)in_nbytes;
}

fgz_gzip *fgz_gzip_create(fgz_coding coding, int level, bool is_small)
{
    fgz_gzip *const gzip = fgz_malloc(sizeof(*gzip));

    if (gzip == NULL)
        return NULL;
    gzip->deflate = fgz_deflate_create(level, is_small);
    if (gzip->deflate == NULL) {
        fgz_mfree(gzip);
        return NULL;
    }
    gzip->coding = coding;
    gzip->level = level;
    fgz_gzip_reset(gzip, FGZ_SIZE_UNKNOWN);
    return gzip;
}

void fgz_gzip_free(fgz_gzip *gzip)
{
    if (gzip != NULL) {
        fgz_deflate_free(gzip->deflate);
        fgz_mfree(gzip);
    }
}

static void start_frame(fgz_gzip *gzip)
{
    gzip->has_header = false;
    gzip->checksum =
        gzip->coding == FGZ_ZLIB ? FGZ_ADLER32_INITIAL : FGZ_CRC32_INITIAL;
    gzip->in_nbytes_mod32 = 0;
}

void fgz_gzip_reset(fgz_gzip *gzip, uint64_t total_nbytes)
{
    start_frame(gzip);
    fgz_deflate_reset(gzip->deflate, total_nbytes);
}

size_t fgz_gzip_bound(fgz_coding coding, size_t in_nbytes)
{
    size_t const blocks_nbytes = fgz_deflate_bound(in_nbytes);

    FGZ_FORWARD_IF_ERROR(blocks_nbytes);
    return header_nbytes(coding) + blocks_nbytes + trailer_nbytes(coding);
}

size_t fgz_gzip_stream_bound(fgz_coding coding, size_t in_nbytes)
{
    size_t const blocks_nbytes = fgz_deflate_stream_bound(in_nbytes);

    FGZ_FORWARD_IF_ERROR(blocks_nbytes);
    return header_nbytes(coding) + blocks_nbytes + trailer_nbytes(coding);
}

size_t fgz_gzip_compress(fgz_gzip *gzip, const uint8_t *in, size_t in_nbytes,
                         uint8_t *out, size_t out_nbytes_avail)
{
    size_t const frame_nbytes =
        header_nbytes(gzip->coding) + trailer_nbytes(gzip->coding);
    size_t made_nbytes, blocks_nbytes;

    FGZ_RETURN_IF(out_nbytes_avail < frame_nbytes, FGZ_ERROR_OUTPUT);
    start_frame(gzip);
    made_nbytes = put_header(gzip, out);
    blocks_nbytes =
        fgz_deflate_compress(gzip->deflate, in, in_nbytes, out + made_nbytes,
                             out_nbytes_avail - frame_nbytes);
    FGZ_FORWARD_IF_ERROR(blocks_nbytes);
    made_nbytes += blocks_nbytes;
    add_to_checksum(gzip, in, in_nbytes);
    return made_nbytes + put_trailer(gzip, out + made_nbytes);
}

size_t fgz_gzip_stream(fgz_gzip *gzip, const uint8_t *in, size_t in_nbytes,
                       fgz_directive directive, uint8_t *out,
                       size_t out_nbytes_avail)
{
    size_t made_nbytes = 0;
    size_t blocks_nbytes;

    if (!gzip->has_header) {
        made_nbytes = put_header(gzip, out);
        gzip->has_header = true;
    }
    blocks_nbytes = fgz_deflate_stream(
        gzip->deflate, in, in_nbytes, directive, out + made_nbytes,
        out_nbytes_avail - made_nbytes - trailer_nbytes(gzip->coding));
    FGZ_FORWARD_IF_ERROR(blocks_nbytes);
    made_nbytes += blocks_nbytes;
    add_to_checksum(gzip, in, in_nbytes);
    if (directive == FGZ_FINISH)
        made_nbytes += put_trailer(gzip, out + made_nbytes);
    return made_nbytes;
}

size_t fgz_gzip_memory_nbytes(const fgz_gzip *gzip)
{
    return sizeof(*gzip) + fgz_deflate_memory_nbytes(gzip->deflate);
}
