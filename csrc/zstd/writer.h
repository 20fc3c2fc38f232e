/*
 * writer.h - a zstd frame of one block (RFC 8878, section 3.1.1) from the
 * sequences of a body
 */
#ifndef FGZ_ZSTD_WRITER_H
#define FGZ_ZSTD_WRITER_H

#include "sequences.h"

/*
 * Write the frame of a body of 1 to FGZ_SEQUENCES_MAX_NBYTES.  It declares the
 * length of the body and has no checksum.
 *
 * @return its length; 0 where it would not be shorter than the body, or there
 * may be too little room: then what is in the room is of no use.
 */
size_t fgz_sequences_write(const fgz_sequences *sequences, size_t in_nbytes,
                           uint8_t *out, size_t out_nbytes_avail);

#endif /* FGZ_ZSTD_WRITER_H */
