/*
 * staged_stages.h - the stages of staged.c for one instruction set; included
 * once for each, with
 *
 *     STAGED_NAME(name)       the name of a function for this instruction set
 *     STAGED_TARGET           the attribute that allows its instructions
 *     STAGED_COMMON32(a, b)   how many of the first 32 bytes agree before one
 *                             does not
 *     STAGED_KEEP_COUNT       how many steps at a time are looked at for
 *                             matches
 *     STAGED_KEEP(into, from) move those of so many that chose a match;
 *                             @return after them
 */

/* ---- Stage 1: places ---- */

/* Fill in the places of count positions, a multiple of FGZ_LANES_COUNT.
 * Whatever is looked up at one position waits for nothing of the others but the
 * table. */
STAGED_TARGET FGZ_INLINE void STAGED_NAME(fill)(const fgz_staged_tables *tables,
                                                const uint8_t *next,
                                                size_t count,
                                                unsigned hash_nbytes,
                                                bool reaches_all)
{
    uint16_t *const heads = tables->heads;
    unsigned const nbits = tables->hash_nbits;
    uint32_t position = fgz_position(next, tables->bias);
    uint32_t const index = staged_index(tables, next);
    uint16_t *const places = tables->places + index;
    fgz_lanes positions = fgz_lanes_ramp(position);
    fgz_lanes indices = fgz_lanes_ramp(index);

    FGZ_COUNT_WORK(count);
    for (size_t i = 0; i < count; i += FGZ_LANES_COUNT) {
        fgz_lanes latest = fgz_lanes_zero();
        fgz_lanes distances;

#define STAGED_LOOK(k) \
    { \
        uint64_t const bytes = hash_nbytes == 4 ? \
                                   fgz_load_le32(next + i + (k)) : \
                                   fgz_load_le64(next + i + (k)); \
        uint16_t *const head = &heads[staged_hash(bytes, hash_nbytes, nbits)]; \
        latest = FGZ_LANES_SET(latest, *head, k); \
        *head = (uint16_t)(position + (k)); \
    }
        STAGED_LOOK(0)
        STAGED_LOOK(1)
        STAGED_LOOK(2)
        STAGED_LOOK(3)
        STAGED_LOOK(4)
        STAGED_LOOK(5)
        STAGED_LOOK(6)
        STAGED_LOOK(7)
#undef STAGED_LOOK
        position += FGZ_LANES_COUNT;
        if (reaches_all) {
            fgz_lanes_store(places + i, latest);
            continue;
        }
        /* 0, and what is out of reach, are less than 1 as signed numbers. */
        distances = fgz_lanes_max(fgz_lanes_subtract(positions, latest),
                                  fgz_lanes_of(1));
        fgz_lanes_store(places + i, fgz_lanes_subtract(indices, distances));
        positions = fgz_lanes_add(positions, fgz_lanes_of(FGZ_LANES_COUNT));
        indices = fgz_lanes_add(indices, fgz_lanes_of(FGZ_LANES_COUNT));
    }
}

#define STAGED_FILL(name, hash_nbytes, reaches_all) \
    STAGED_TARGET static FGZ_NOINLINE void STAGED_NAME(name)( \
        const fgz_staged_tables *tables, const uint8_t *next, size_t count) \
    { \
        STAGED_NAME(fill)(tables, next, count, hash_nbytes, reaches_all); \
    }
STAGED_FILL(fill_4, 4, false)
STAGED_FILL(fill_5, 5, false)
STAGED_FILL(fill_all_4, 4, true)
STAGED_FILL(fill_all_5, 5, true)
#undef STAGED_FILL

/* ---- Stage 2: four parses ---- */

/* The best match at index i, of at most 32 bytes; none with a place before
 * lowest, unless all is within reach. */
STAGED_TARGET FGZ_INLINE fgz_staged_match
STAGED_NAME(find)(const fgz_staged_view *view, size_t i, int32_t lowest,
                  unsigned max_depth, bool reaches_all)
{
    const uint8_t *const base = view->base;
    uint32_t place = view->places[i];
    fgz_staged_match best = {STAGED_COMMON32(base + i, base + place), place};

    FGZ_COUNT_WORK(max_depth);
    for (unsigned depth = 1; depth < max_depth; depth++) {
        place = reaches_all ?
                    view->places[place] :
                    fgz_choose_at_least(view->places[place], lowest, place);
        fgz_choose_longer(&best.length, &best.place,
                          STAGED_COMMON32(base + i, base + place), place);
    }
    return best;
}

/* One step of a parse: choose at index *i, note it, move on. */
STAGED_TARGET FGZ_INLINE void STAGED_NAME(step)(const fgz_staged_view *view,
                                                fgz_step *step, size_t *i,
                                                unsigned max_depth,
                                                bool reaches_all)
{
    const uint8_t *const next = view->base + *i;
    int32_t const lowest = (int32_t)*i - (FGZ_STAGED_MAX_DISTANCE - 1);
    fgz_staged_match const first =
        STAGED_NAME(find)(view, *i, lowest, max_depth, reaches_all);
    fgz_staged_match const second = STAGED_NAME(find)(
        view, *i + 1, lowest, reaches_all ? 1 : max_depth, reaches_all);
    fgz_choice const choice = fgz_choose_of_two(
        first.length, first.place, second.length, second.place, next[0],
        next[1], FGZ_STAGED_MIN_MATCH, i);

    step->literal = (uint16_t)choice.literal;
    step->length = (uint16_t)choice.length;
    step->value = (uint16_t)choice.value;
    if (FGZ_UNLIKELY(choice.length == STAGED_COMPARED_NBYTES)) {
        uint32_t const length =
            staged_extend(view, *i - STAGED_COMPARED_NBYTES, choice.value);

        step->length = (uint16_t)length;
        *i += length - STAGED_COMPARED_NBYTES;
    }
    step->end = (uint16_t)*i;
}

/*
 * Let four parses advance in turn until all segments are parsed.  A round is a
 * step of each, and each notes one step a round, so that one counter tells all
 * four where.
 */
STAGED_TARGET FGZ_INLINE void STAGED_NAME(parse)(
    staged_queue *queue, const fgz_staged_view *shared_view, unsigned max_depth,
    bool reaches_all)
{
    /* A copy, which no store of a step can change. */
    fgz_staged_view const local_view = *shared_view;
    const fgz_staged_view *const view = &local_view;
    size_t round = 0;
    size_t i0 = staged_begin_segment(queue, 0, round);
    size_t i1 = staged_begin_segment(queue, 1, round);
    size_t i2 = staged_begin_segment(queue, 2, round);
    size_t i3 = staged_begin_segment(queue, 3, round);

#define STAGED_RUN(k) \
    STAGED_NAME(step)(view, queue->steps[k] + round, &i##k, max_depth, \
                      reaches_all); \
    if (FGZ_UNLIKELY(i##k >= queue->ends[k])) { \
        i##k = staged_end_segment(queue, k, i##k, round + 1); \
        if (queue->nleft == 0) \
            return; \
    }
    for (;; round++) {
        STAGED_RUN(0)
        STAGED_RUN(1)
        STAGED_RUN(2)
        STAGED_RUN(3)
    }
#undef STAGED_RUN
}

#define STAGED_PARSE(name, max_depth, reaches_all) \
    STAGED_TARGET static FGZ_NOINLINE void STAGED_NAME(name)( \
        staged_queue * queue, const fgz_staged_view *view) \
    { \
        STAGED_NAME(parse)(queue, view, max_depth, reaches_all); \
    }
STAGED_PARSE(parse_1, 1, false)
STAGED_PARSE(parse_2, 2, false)
STAGED_PARSE(parse_3, 3, false)
STAGED_PARSE(parse_4, 4, false)
STAGED_PARSE(parse_all_1, 1, true)
STAGED_PARSE(parse_all_2, 2, true)
STAGED_PARSE(parse_all_3, 3, true)
#undef STAGED_PARSE

/* ---- Steps that chose a match ---- */

STAGED_TARGET static FGZ_NOINLINE fgz_step *STAGED_NAME(keep)(fgz_step *steps,
                                                              size_t count)
{
    const fgz_step *from = steps;
    fgz_step *into = steps;

    for (; count >= STAGED_KEEP_COUNT; count -= STAGED_KEEP_COUNT) {
        into = STAGED_KEEP(into, from);
        from += STAGED_KEEP_COUNT;
    }
    for (; count > 0; count--)
        into = staged_keep_step(into, from++);
    return into;
}

static const staged_stages STAGED_NAME(stages) = {
    {{STAGED_NAME(fill_4), STAGED_NAME(fill_5)},
     {STAGED_NAME(fill_all_4), STAGED_NAME(fill_all_5)}},
    {{STAGED_NAME(parse_1), STAGED_NAME(parse_2), STAGED_NAME(parse_3),
      STAGED_NAME(parse_4)},
     {STAGED_NAME(parse_all_1), STAGED_NAME(parse_all_2),
      STAGED_NAME(parse_all_3)}},
    STAGED_NAME(keep)};

#undef STAGED_NAME
#undef STAGED_TARGET
#undef STAGED_COMMON32
#undef STAGED_KEEP_COUNT
#undef STAGED_KEEP
