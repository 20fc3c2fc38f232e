/*
 * parse_optimal.h - near-optimal parsing: all ways through a chunk of input are
 * weighed by what their symbols take
 */
#ifndef FGZ_PARSE_OPTIMAL_H
#define FGZ_PARSE_OPTIMAL_H

#include "block.h"
#include "matches.h"
#include "parse.h"

/*
 * The most input that is parsed at once, for which all that is needed lies in
 * memory together, in at most FGZ_OPTIMAL_MEMORY_NBYTES.  More: fewer blocks
 * end where a chunk does, and fewer times history is entered again.
 */
#define FGZ_OPTIMAL_CHUNK_NBYTES ((size_t)256 << 10)
#define FGZ_OPTIMAL_MEMORY_NBYTES ((size_t)8 << 20)

/* What a level takes the time for. */
typedef struct fgz_optimal_effort {
    fgz_search search;
    /* How often the parse is made anew with the costs that follow from the one
     * before.  The first has those of a greedy parse. */
    uint8_t npasses;
    /* How many lengths are weighed of each match, the longest first: 4, 8 or
     * 20.  The shorter are good where the next match begins earlier; level 12
     * with 16 is .02 % larger from 16 KB on, in 0.93 of the time. */
    uint8_t nlengths;
    /* Blocks are made of parts of so many tokens.  Fewer: borders fit the input
     * better, more time. */
    uint16_t part_ntokens;
    /* How hard to look for the codes of a block, see fgz_codes_search. */
    uint8_t codes_effort;
} fgz_optimal_effort;

/*
 * Code input from *next_ptr on as blocks, which may refer back as far as
 * input->begin.  With FGZ_FLUSH as far as stop, with FGZ_FINISH too, and the
 * last block ends the stream; with FGZ_CONTINUE at least half of it, if that
 * is a chunk or more, because the last block may go on in what comes next.
 * Moves *next_ptr to the end of what was coded.
 *
 * @return 0, FGZ_ERROR_OUTPUT, or FGZ_ERROR_MEMORY: it allocates, and frees
 * before it returns.
 */
size_t fgz_optimal_write(const fgz_optimal_effort *effort,
                         fgz_block_memory *memory, fgz_bitwriter *out,
                         const fgz_input *input, const uint8_t **next_ptr,
                         const uint8_t *stop, fgz_directive directive);

#endif /* FGZ_PARSE_OPTIMAL_H */
