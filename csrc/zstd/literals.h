/*
 * literals.h - the literals section of a block (RFC 8878, section 3.1.1.3.1)
 */
#ifndef FGZ_LITERALS_H
#define FGZ_LITERALS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Write the section for fewer than 2^16 literals.  Bytes beyond it may be
 * overwritten, up to end.
 *
 * @return after it; NULL if there may be too little room.
 */
uint8_t *fgz_literals_write(uint8_t *next, const uint8_t *end,
                            const uint8_t *literals, size_t count);

#endif /* FGZ_LITERALS_H */
