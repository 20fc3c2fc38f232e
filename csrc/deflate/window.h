/*
 * window.h - where a stream gathers its input
 *
 * One contiguous buffer: up to history_nbytes that were coded and may still be
 * referred to, and then what waits.  When it is full, all but the last
 * FGZ_LOOKAHEAD_NBYTES are coded, and the rest moves down.  Larger: fewer and
 * larger moves.
 *
 * It is coded when it is full, not when it would overflow, so that the blocks
 * do not depend on how the input was cut into calls.
 */
#ifndef FGZ_WINDOW_H
#define FGZ_WINDOW_H

#include "../common.h"
#include "parse.h"

/* Coding stops this far before the end of what is known, so that no match is
 * cut short there: a longest match, and the looking ahead before it. */
#define FGZ_LOOKAHEAD_NBYTES (FGZ_MAX_MATCH + 16)

typedef struct fgz_window {
    size_t nbytes; /* how much it holds */
    size_t history_nbytes;
    uint8_t *bytes; /* NULL until the first stream */
    /* History is bytes[0 .. coded_end), and bytes[coded_end .. known_end)
     * waits. */
    size_t coded_end;
    size_t known_end;
    uint32_t position; /* of bytes[0] in the stream, modulo 2^32 */
} fgz_window;

/* Forget all input. */
void fgz_window_clear(fgz_window *window);

/* Have memory, from now on.  @return 0, or FGZ_ERROR_MEMORY. */
size_t fgz_window_open(fgz_window *window);

void fgz_window_free(fgz_window *window);

/* The memory that it holds, in bytes. */
size_t fgz_window_memory_nbytes(const fgz_window *window);

/* Take as much input as there is room for.  @return how much that was. */
size_t fgz_window_take(fgz_window *window, const uint8_t *in, size_t in_nbytes);

bool fgz_window_is_full(const fgz_window *window);

/* All that is known, as parsers want it. */
fgz_input fgz_window_input(const fgz_window *window);

/* Forget the history that no match can reach any more. */
void fgz_window_slide(fgz_window *window);

#endif /* FGZ_WINDOW_H */
