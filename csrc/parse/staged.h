/*
 * staged.h - the parser that does one thing for thousands of positions, then
 * the next; it leaves steps, of which each format makes its own
 *
 * For a part of the input at a time: fgz_staged_begin_part; take what it
 * leaves, in the order of fgz_parsed, the last of it by fgz_staged_step; then
 * fgz_staged_end_part.
 */
#ifndef FGZ_STAGED_H
#define FGZ_STAGED_H

#include "choose.h"
#include "finder.h"
#include "input.h"

/* The shortest match that is used; what is left of one that is cut may be
 * shorter. */
#define FGZ_STAGED_MIN_MATCH 4

/* The most input that goes through the stages at a time where not all is within
 * reach.  Twice as much: DEFLATE's block borders fit the input less, .3 to .8 %
 * more output at the levels that look for them. */
#define FGZ_STAGED_PART_NBYTES 8192

/* A segment's steps are noted this far after the former's, since so many are
 * converted at a time. */
#define FGZ_STAGED_GAP_NSTEPS 8

/* What a finder needs to note the steps of parts of up to so many bytes, in 16
 * bits: a step takes at least two positions. */
#define FGZ_STAGED_STEPS_COUNT(part_nbytes) \
    (((part_nbytes) / 2 + \
      FGZ_STAGED_GAP_NSTEPS * (FGZ_STAGED_MAX_NRUNS + 1)) * \
     sizeof(fgz_step) / sizeof(uint16_t))

/* The largest distance, where not all is within reach.  One less than
 * DEFLATE's, so that all that is larger is negative as a signed number of 16
 * bits. */
#define FGZ_STAGED_MAX_DISTANCE (FGZ_PLACES_HISTORY_COUNT - 1)

/* Of a part at most as many segments are made. */
#define FGZ_STAGED_MAX_NRUNS 12

/* A part of which no more than one in this many positions begins a match is
 * barren. */
#define FGZ_STAGED_BARREN_DIVISOR 256

/* How to search, and what a match may be. */
typedef struct fgz_staged_search {
    unsigned hash_nbytes; /* 4 or 5 */
    /* How many places are tried for a position: 1 to 4, up to 3 if all is
     * within reach. */
    unsigned max_depth;
    /* Whether the input is one whole body of less than 65,536 bytes, all of
     * which is within reach: then the second position of a step is tried at one
     * place only. */
    bool reaches_all;
    uint32_t max_match;
} fgz_staged_search;

/* Copies, which no store can change. */
typedef struct fgz_staged_tables {
    uint16_t *heads;
    uint16_t *places; /* by index: the latest place with the same hash */
    bool reaches_all;
    unsigned hash_nbytes;
    unsigned hash_nbits;
    uint32_t bias; /* what makes an address a position */
    uint32_t frame_begin;
} fgz_staged_tables;

/* What a step chose: a literal or none, and then a match, another literal, or
 * nothing.  Indices count from the begin of the frame. */
typedef struct fgz_step {
    uint16_t literal; /* or FGZ_NO_LITERAL */
    uint16_t length;  /* of the match; 1: another literal; 0: nothing (only in
                       * what is parsed step by step) */
    uint16_t value;   /* the place of the match, or the literal */
    uint16_t end;     /* the index after all that */
} fgz_step;

/* How far back the match of a step is. */
FGZ_INLINE uint32_t fgz_step_distance(const fgz_step *step)
{
    return (uint16_t)(step->end - step->length - step->value);
}

/* The steps of a segment, less what the one before it runs over. */
typedef struct fgz_run {
    /* Of this step, unless it is NULL, the last cut_nbytes are left, from index
     * begin on: a shorter match, or a literal. */
    const fgz_step *cut;
    size_t cut_nbytes;
    size_t begin;
    fgz_step *first;
    size_t count;
} fgz_run;

/* What the parses look at. */
typedef struct fgz_staged_view {
    const uint8_t *base; /* index 0 */
    const uint8_t *end;  /* of the input */
    const uint16_t *places;
    const fgz_staged_search *search;
} fgz_staged_view;

/* What a part was parsed into. */
typedef struct fgz_parsed {
    fgz_staged_view view;
    /* In this order: 1, where nothing comes before; */
    unsigned nliterals;
    /* what went through the stages, staged_nbytes; */
    unsigned nruns;
    fgz_run runs[FGZ_STAGED_MAX_NRUNS];
    size_t staged_nbytes;
    /* and what has still to be parsed, step by step. */
    size_t next, stop;

    size_t entered; /* places are filled in up to here */
    /* For fgz_staged_end_part. */
    fgz_staged_tables tables;
    const uint8_t *skip_end; /* what may be left out if the part is barren */
} fgz_parsed;

/*
 * Parse from next to part_end, at most as many bytes as the finder can note
 * steps for, and FGZ_STAGED_PART_NBYTES where not all is within reach; a match
 * may end later, not after input->end.  The tables of finder are those that the
 * same search left.
 */
void fgz_staged_begin_part(fgz_finder *finder, const fgz_input *input,
                           const fgz_staged_search *search, const uint8_t *next,
                           const uint8_t *part_end, fgz_parsed *parsed);

/* Move the steps of a run that chose a match to its begin.  @return after the
 * last of them. */
fgz_step *fgz_staged_keep_matches(const fgz_run *run);

/*
 * Take leave of a part that is parsed up to index i; finder->is_barren says
 * whether what went through the stages was barren.
 *
 * @return where the next part begins; what is between i and there are literals.
 */
const uint8_t *fgz_staged_end_part(fgz_finder *finder, fgz_parsed *parsed,
                                   size_t i);

/* ---- Step by step ---- */

typedef struct fgz_staged_match {
    uint32_t length;
    uint32_t place;
} fgz_staged_match;

/* The longest match that the format and the input allow at an index. */
FGZ_INLINE uint32_t fgz_staged_max_match(const fgz_staged_view *view, size_t i)
{
    return (uint32_t)fgz_min_size((size_t)(view->end - (view->base + i)),
                                  view->search->max_match);
}

/* The best match at an index that is not a stream's first; none where too few
 * bytes were known for its place to be filled in. */
static inline fgz_staged_match fgz_staged_find(const fgz_parsed *parsed,
                                               size_t i, unsigned max_depth)
{
    const fgz_staged_view *const view = &parsed->view;
    fgz_staged_match best = {0, 0};
    uint32_t place;

    if (i >= parsed->entered)
        return best;
    place = view->places[i];
    for (unsigned depth = 1;; depth++) {
        uint32_t const length =
            fgz_match_length(view->base + i, view->base + place, 0,
                             fgz_staged_max_match(view, i));

        FGZ_COUNT_WORK(1);
        if (length >= FGZ_STAGED_MIN_MATCH && length > best.length)
            best = (fgz_staged_match){length, place};
        if (depth == max_depth)
            return best;
        place = view->places[place];
        if (!view->search->reaches_all && place + FGZ_STAGED_MAX_DISTANCE < i)
            return best;
    }
}

/* Parse from *i on, and move it on: a literal, or a match, which gives way to a
 * longer one at the next position as in the stages, or both. */
FGZ_INLINE fgz_step fgz_staged_step(const fgz_parsed *parsed, size_t *i)
{
    const fgz_staged_search *const search = parsed->view.search;
    fgz_staged_match match = fgz_staged_find(parsed, *i, search->max_depth);
    fgz_step step = {FGZ_NO_LITERAL, 0, 0, 0};

    if (match.length != 0 && *i + 1 < parsed->stop) {
        fgz_staged_match const later = fgz_staged_find(
            parsed, *i + 1, search->reaches_all ? 1 : search->max_depth);

        if (later.length > match.length) {
            step.literal = parsed->view.base[(*i)++];
            match = later;
        }
    }
    if (match.length == 0) {
        step.literal = parsed->view.base[(*i)++];
    } else {
        *i += match.length;
        step.length = (uint16_t)match.length;
        step.value = (uint16_t)match.place;
    }
    step.end = (uint16_t)*i;
    return step;
}

#endif /* FGZ_STAGED_H */
