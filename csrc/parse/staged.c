/*
 * The staged parser: does one thing for thousands of positions, then the next.
 *
 * A parser that decides position by position spends most of its time waiting:
 * for a table, for the comparison with what it says, for the branch that
 * depends on it.  Here a part of the input goes through stages, each of which
 * has nothing to wait for:
 *
 * 1. For every position the latest place with the same hash of 4 or 5 bytes.
 * 2. The part is cut into segments, and four parses, each in a segment of its
 *    own, advance in turn, so that each waits while the others work.  A step
 *    looks at two positions, and all it chooses it chooses by conditional moves
 *    (choose.h); the only branches are "more than 32 bytes agree", 3 % of the
 *    steps, and "the segment ends".
 * 3. Where a match runs over the end of its segment, the next segment's steps
 *    give way.
 *
 * What becomes of the steps then is the format's: tokens of DEFLATE
 * (deflate/parse_staged.c), or sequences of zstd (sequences.c).
 *
 * PLACES ARE INDICES of 16 bits into a frame of 65,536 positions, so that one
 * addition leads from a place to its bytes, and none to its own place, which is
 * the one to try after it.  When the end of the frame is reached it moves on,
 * and what is left of the places is lessened by as much.  The table of heads
 * has positions modulo 2^16, as in all parsers, and is never adjusted.
 *
 * A PLACE IS ALWAYS ONE OF THE INPUT, before its position and within reach, so
 * that whatever is there may be compared.  The first position of a stream has
 * none, and is put as a literal.  Where all of the input is within reach, a
 * head is a place as it is; one that is empty is the first position.
 *
 * What is too near the end of the input, or too short, is parsed step by step.
 */
#include "staged.h"

#include "../cpu.h"
#include "choose.h"
#include "lanes.h"

/* How many places are tried for a position, at most. */
#define STAGED_MAX_DEPTH 4

/* How many bytes a step compares.  More matches are longer than 16 bytes than
 * a branch could foresee. */
#define STAGED_COMPARED_NBYTES 32

/* Four parses take 0.64 to 0.7 of the time of one; three or five more than
 * four. */
#define STAGED_NPARSES 4

/*
 * A part is cut into rounds of four segments, which are smaller from round to
 * round, in 256ths of the part: the four parses come to the end of the last
 * ones at nearly the same time.  Rounds of like length take 3 % more time.  A
 * segment costs a stitch, and now and then a match that is cut, so a short part
 * is one round; and what is too short for that is parsed step by step, which
 * takes four times as long for a byte.
 *
 * Where all is within reach, less is too short: bodies below 1.5 KB take 5 %
 * less time, and .1 to .2 % more bytes.
 */
#define STAGED_NROUNDS 3
#define STAGED_ROUND_SHARES {36, 19, 9}
#define STAGED_MAX_NSEGMENTS (STAGED_NPARSES * STAGED_NROUNDS)
#define STAGED_ROUNDS_MIN_NBYTES 2048
#define STAGED_MIN_NBYTES 512
#define STAGED_WHOLE_MIN_NBYTES 128

/* Steps are made only this far before the end of the input: a position looked
 * ahead and the bytes compared there, and 8 positions filled in. */
#define STAGED_MARGIN_NBYTES 48

/*
 * After a barren part this much of the next one is tried, and if that is barren
 * as well, the rest is put as literals, and one position of so many is entered:
 * what does not compress may still come again, as images in a page do, and each
 * position of that is looked up.  60 KB of noise take 84 us at DEFLATE's level
 * 1, 1 in 4 of what they take without all this.
 */
#define STAGED_BARREN_TRIED_NBYTES 1024
#define STAGED_BARREN_STRIDE 16

_Static_assert(STAGED_MAX_NSEGMENTS == FGZ_STAGED_MAX_NRUNS,
               "each segment leaves at most one run");

/* ---- Places ---- */

/* The index of a position in the frame. */
FGZ_INLINE uint32_t staged_index(const fgz_staged_tables *tables,
                                 const uint8_t *next)
{
    return fgz_position(next, tables->bias) - tables->frame_begin;
}

/* The hash of the first 4 or 5 of some bytes. */
FGZ_INLINE size_t staged_hash(uint64_t bytes, unsigned nbytes, unsigned nbits)
{
    if (nbytes == 4)
        return ((uint32_t)bytes * (uint32_t)(FGZ_HASH_FACTOR >> 32)) >>
               (32 - nbits);
    return fgz_hash(bytes, 5, nbits);
}

/* The place of a head, where it is within reach; otherwise the one just before,
 * where a match, if there is one, is as good as any. */
FGZ_INLINE uint16_t staged_place(uint32_t position, uint32_t index,
                                 uint32_t head)
{
    uint32_t const distance = (uint16_t)(position - head);

    return (uint16_t)(index -
                      (distance - 1 < FGZ_STAGED_MAX_DISTANCE ? distance : 1));
}

/* ---- Segments ---- */

/* Indices count from the begin of the frame. */
typedef struct staged_segment {
    size_t begin;
    size_t end;
    fgz_step *first_step;
    fgz_step *step_end;
    size_t parsed_end; /* of its last match */
} staged_segment;

/* Which segments there are, and what each parse is at. */
typedef struct staged_queue {
    staged_segment segments[STAGED_MAX_NSEGMENTS];
    unsigned nsegments;
    unsigned ntaken;
    unsigned nleft; /* not yet parsed to their ends */
    unsigned taken[STAGED_NPARSES];
    bool is_idle[STAGED_NPARSES];
    size_t ends[STAGED_NPARSES];
    fgz_step *steps[STAGED_NPARSES]; /* round 0 would note its step here */
} staged_queue;

/* Let a parse begin the segment that it has taken.  @return where. */
static size_t staged_enter_segment(staged_queue *queue, unsigned k,
                                   size_t round)
{
    const staged_segment *const segment = &queue->segments[queue->taken[k]];

    queue->ends[k] = segment->end;
    queue->steps[k] = segment->first_step - round;
    return segment->begin;
}

static size_t staged_begin_segment(staged_queue *queue, unsigned k,
                                   size_t round)
{
    queue->taken[k] = queue->ntaken++;
    queue->is_idle[k] = false;
    return staged_enter_segment(queue, k, round);
}

/*
 * A parse has come to the end of its segment: let it take another.  If there is
 * none it does its last one again, which changes nothing, until the others are
 * done.
 *
 * @return where it goes on.
 */
static FGZ_NOINLINE size_t staged_end_segment(staged_queue *queue, unsigned k,
                                              size_t parsed_end, size_t round)
{
    staged_segment *const segment = &queue->segments[queue->taken[k]];

    if (!queue->is_idle[k]) {
        segment->step_end = queue->steps[k] + round;
        segment->parsed_end = parsed_end;
        queue->nleft--;
        if (queue->ntaken < queue->nsegments)
            return staged_begin_segment(queue, k, round);
        queue->is_idle[k] = true;
    }
    return staged_enter_segment(queue, k, round);
}

/* Cut what is from begin to end into segments, the steps of which are noted
 * from steps on; a step takes at least two positions. */
static void staged_cut(staged_queue *queue, size_t begin, size_t end,
                       fgz_step *steps)
{
    static const uint8_t shares[STAGED_NROUNDS] = STAGED_ROUND_SHARES;
    static const uint8_t only_share[1] = {256 / STAGED_NPARSES};
    size_t const count = end - begin;
    bool const is_short = count < STAGED_ROUNDS_MIN_NBYTES;
    unsigned const nsegments = is_short ? STAGED_NPARSES : STAGED_MAX_NSEGMENTS;
    size_t segment_begin = begin;

    for (unsigned s = 0; s < nsegments; s++) {
        staged_segment *const segment = &queue->segments[s];
        unsigned const round = s / STAGED_NPARSES;
        size_t const share = is_short ? only_share[round] : shares[round];

        segment->begin = segment_begin;
        segment->first_step =
            steps + (segment_begin - begin) / 2 + FGZ_STAGED_GAP_NSTEPS * s;
        segment_begin += count * share >> 8;
        segment->end = s + 1 == nsegments ? end : segment_begin;
    }
    queue->nsegments = nsegments;
    queue->nleft = nsegments;
    queue->ntaken = 0;
}

/* ---- Stages ---- */

typedef void staged_fill(const fgz_staged_tables *tables, const uint8_t *next,
                         size_t count);
typedef fgz_step *staged_keep(fgz_step *steps, size_t count);
typedef void staged_parse(staged_queue *queue, const fgz_staged_view *view);

/* All stages for one instruction set. */
typedef struct staged_stages {
    /* By whether all is within reach, and then by the bytes hashed less 4, and
     * by depth less 1. */
    staged_fill *fill[2][2];
    staged_parse *parse[2][STAGED_MAX_DEPTH];
    staged_keep *keep;
} staged_stages;

/* The length of a match of at least STAGED_COMPARED_NBYTES. */
static FGZ_NOINLINE uint32_t staged_extend(const fgz_staged_view *view,
                                           size_t i, uint32_t place)
{
    return fgz_match_length(view->base + i, view->base + place,
                            STAGED_COMPARED_NBYTES,
                            fgz_staged_max_match(view, i));
}

/* Copy a step, to be followed by the next if it chose a match. */
FGZ_INLINE fgz_step *staged_keep_step(fgz_step *into, const fgz_step *from)
{
    *into = *from;
    return into + (into->length > 1);
}

#if FGZ_CPU_DISPATCH && defined(__x86_64__)

/* ---- For x86-64 ---- */

#  include <immintrin.h>

FGZ_INLINE __m128i staged_load_128(const void *from)
{
    return _mm_loadu_si128((const __m128i *)from);
}

FGZ_INLINE uint32_t staged_common32_sse2(const uint8_t *a, const uint8_t *b)
{
    uint32_t const first = (uint32_t)_mm_movemask_epi8(
        _mm_cmpeq_epi8(staged_load_128(a), staged_load_128(b)));
    uint32_t const second = (uint32_t)_mm_movemask_epi8(
        _mm_cmpeq_epi8(staged_load_128(a + 16), staged_load_128(b + 16)));

    return fgz_lowest_bit64(~(uint64_t)(first | second << 16));
}

#  define STAGED_NAME(name) staged_##name##_sse2
#  define STAGED_TARGET
#  define STAGED_COMMON32(a, b) staged_common32_sse2(a, b)
#  define STAGED_KEEP_COUNT 1
#  define STAGED_KEEP(into, from) staged_keep_step(into, from)
#  include "staged_stages.h"

#  define STAGED_AVX2_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))

STAGED_AVX2_TARGET FGZ_INLINE __m256i staged_load_256(const void *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

STAGED_AVX2_TARGET FGZ_INLINE uint32_t staged_common32_avx2(const uint8_t *a,
                                                            const uint8_t *b)
{
    return _tzcnt_u32(~(uint32_t)_mm256_movemask_epi8(
        _mm256_cmpeq_epi8(staged_load_256(a), staged_load_256(b))));
}

/* Of four steps, which halves come first, by a bit for each that chose a
 * match. */
static const uint32_t staged_kept[16][8] = {{0},
                                            {0, 1},
                                            {2, 3},
                                            {0, 1, 2, 3},
                                            {4, 5},
                                            {0, 1, 4, 5},
                                            {2, 3, 4, 5},
                                            {0, 1, 2, 3, 4, 5},
                                            {6, 7},
                                            {0, 1, 6, 7},
                                            {2, 3, 6, 7},
                                            {0, 1, 2, 3, 6, 7},
                                            {4, 5, 6, 7},
                                            {0, 1, 4, 5, 6, 7},
                                            {2, 3, 4, 5, 6, 7},
                                            {0, 1, 2, 3, 4, 5, 6, 7}};

STAGED_AVX2_TARGET FGZ_INLINE fgz_step *staged_keep4_avx2(fgz_step *into,
                                                          const fgz_step *from)
{
    __m256i const steps = staged_load_256(from);
    /* In the upper half of 64 bits, where a mask takes its bits from. */
    __m256i const lengths = _mm256_slli_epi64(_mm256_srli_epi32(steps, 16), 32);
    unsigned const are_matches = (unsigned)_mm256_movemask_pd(
        _mm256_castsi256_pd(_mm256_cmpgt_epi32(lengths, _mm256_set1_epi32(1))));

    _mm256_storeu_si256((__m256i *)(void *)into,
                        _mm256_permutevar8x32_epi32(
                            steps, staged_load_256(staged_kept[are_matches])));
    return into + __builtin_popcount(are_matches);
}

#  define STAGED_NAME(name) staged_##name##_avx2
#  define STAGED_TARGET STAGED_AVX2_TARGET
#  define STAGED_COMMON32(a, b) staged_common32_avx2(a, b)
#  define STAGED_KEEP_COUNT 4
#  define STAGED_KEEP(into, from) staged_keep4_avx2(into, from)
#  include "staged_stages.h"

#elif FGZ_CPU_DISPATCH && defined(__aarch64__) && defined(__ARM_NEON) && \
    !FGZ_BIG_ENDIAN

/* ---- For aarch64 ---- */

#  include <arm_neon.h>

/* Four bits for each byte of 16: all set where they agree. */
FGZ_INLINE uint64_t staged_agreement_neon(const uint8_t *a, const uint8_t *b)
{
    uint8x16_t const equal = vceqq_u8(vld1q_u8(a), vld1q_u8(b));

    return vget_lane_u64(
        vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(equal), 4)), 0);
}

FGZ_INLINE uint32_t staged_common16_neon(const uint8_t *a, const uint8_t *b)
{
    uint64_t const differs = ~staged_agreement_neon(a, b);

    return differs == 0 ? 16 : fgz_lowest_bit64(differs) >> 2;
}

FGZ_INLINE uint32_t staged_common32_neon(const uint8_t *a, const uint8_t *b)
{
    uint32_t const first = staged_common16_neon(a, b);
    uint32_t const second = staged_common16_neon(a + 16, b + 16);

    return first + (first == 16 ? second : 0);
}

#  define STAGED_NAME(name) staged_##name##_neon
#  define STAGED_TARGET
#  define STAGED_COMMON32(a, b) staged_common32_neon(a, b)
#  define STAGED_KEEP_COUNT 1
#  define STAGED_KEEP(into, from) staged_keep_step(into, from)
#  include "staged_stages.h"
#  define STAGED_NEON 1

#else

/* ---- In standard C ---- */

FGZ_INLINE uint32_t staged_common32(const uint8_t *a, const uint8_t *b)
{
    uint32_t length = 0;

    for (; length < 32; length += 8) {
        uint64_t const difference =
            fgz_load_le64(a + length) ^ fgz_load_le64(b + length);

        if (difference != 0)
            return length + (fgz_lowest_bit64(difference) >> 3);
    }
    return length;
}

#  define STAGED_NAME(name) staged_##name##_portable
#  define STAGED_TARGET
#  define STAGED_COMMON32(a, b) staged_common32(a, b)
#  define STAGED_KEEP_COUNT 1
#  define STAGED_KEEP(into, from) staged_keep_step(into, from)
#  include "staged_stages.h"

#endif

static const staged_stages *staged_best_stages(void)
{
#if defined(STAGED_AVX2_TARGET)
    unsigned const needed = FGZ_CPU_AVX2 | FGZ_CPU_BMI2;

    return (fgz_cpu_features() & needed) == needed ? &staged_stages_avx2 :
                                                     &staged_stages_sse2;
#elif defined(STAGED_NEON)
    return &staged_stages_neon;
#else
    return &staged_stages_portable;
#endif
}

/* ---- Stitching ---- */

/* Join the segments: take from each what those before it run over.  @return the
 * index after the last match. */
static size_t staged_stitch(const staged_queue *queue, fgz_parsed *parsed)
{
    size_t done = queue->segments[0].begin;
    fgz_run *run = parsed->runs;

    for (unsigned s = 0; s < queue->nsegments; s++) {
        const staged_segment *const segment = &queue->segments[s];
        fgz_step *step = segment->first_step;
        size_t begin = segment->begin;

        if (segment->parsed_end <= done)
            continue;
        run->cut = NULL;
        run->begin = done > begin ? done : begin;
        while (begin < done) {
            begin += (step->literal != FGZ_NO_LITERAL) + (size_t)step->length;
            if (begin > done) {
                run->cut = step;
                run->cut_nbytes = begin - done;
            }
            step++;
        }
        run->first = step;
        run->count = (size_t)(segment->step_end - step);
        run++;
        done = segment->parsed_end;
    }
    parsed->nruns = (unsigned)(run - parsed->runs);
    return done;
}

/* ---- A part ---- */

/* Move count places on by shift, and lessen them by as much; those before the
 * new begin become 0, which is out of reach. */
static void staged_lessen(uint16_t *places, size_t count, uint32_t shift)
{
    fgz_lanes const shifts = fgz_lanes_of(shift);

    for (size_t i = 0; i < count; i += FGZ_LANES_COUNT)
        fgz_lanes_store(
            places + i,
            fgz_lanes_lessen(fgz_lanes_load(places + i + shift), shifts));
}

/*
 * Have room in the frame for a part that begins at next and for what is filled
 * in beyond.  With chains, the places of all that is within reach are kept.
 * Without, each part has the same indices, which stay in the first-level cache,
 * and those before it are not asked for.
 */
static void staged_move_frame(fgz_finder *finder, fgz_staged_tables *tables,
                              const uint8_t *next, bool has_chains)
{
    uint32_t const index = staged_index(tables, next);
    uint32_t const shift = index - FGZ_PLACES_HISTORY_COUNT;
    ptrdiff_t const ahead = finder->nentered_ahead;

    if (has_chains) {
        if (index <
            FGZ_PLACES_COUNT - FGZ_STAGED_PART_NBYTES - STAGED_MARGIN_NBYTES)
            return;
        staged_lessen(tables->places,
                      (size_t)(FGZ_PLACES_HISTORY_COUNT + ahead), shift);
    } else {
        for (ptrdiff_t i = 0; i < ahead; i++)
            tables->places[FGZ_PLACES_HISTORY_COUNT + i] =
                (uint16_t)(tables->places[index + (size_t)i] - shift);
    }
    tables->frame_begin += shift;
    finder->frame_begin = tables->frame_begin;
}

/* Fill in the place of one position, of which as many bytes are known as are
 * hashed. */
static void staged_enter(const fgz_staged_tables *tables, const uint8_t *next)
{
    uint32_t const position = fgz_position(next, tables->bias);
    uint32_t const index = staged_index(tables, next);
    uint64_t const fifth = tables->hash_nbytes == 5 ? next[4] : 0;
    size_t const hash = staged_hash(fgz_load_le32(next) | fifth << 32,
                                    tables->hash_nbytes, tables->hash_nbits);

    FGZ_COUNT_WORK(1);
    tables->places[index] =
        tables->reaches_all ?
            tables->heads[hash] :
            staged_place(position, index, tables->heads[hash]);
    tables->heads[hash] = (uint16_t)position;
}

/* Fill in the places up to end, or as far as bytes are known.  @return up to
 * where. */
static const uint8_t *staged_fill_in(const fgz_staged_tables *tables,
                                     const staged_stages *stages,
                                     const fgz_input *input,
                                     const uint8_t *entered, const uint8_t *end)
{
    ptrdiff_t const hash_nbytes = (ptrdiff_t)tables->hash_nbytes;
    bool const is_first = entered == input->begin;
    uint32_t const first_index = staged_index(tables, entered);

    if (entered < end && input->end - entered > STAGED_MARGIN_NBYTES) {
        size_t const known =
            (size_t)(input->end - entered) - STAGED_MARGIN_NBYTES;
        size_t const count =
            fgz_min_size((size_t)(end - entered) + 7, known) & ~(size_t)7;

        stages->fill[tables->reaches_all][tables->hash_nbytes - 4](
            tables, entered, count);
        entered += count;
    }
    for (; entered < end && input->end - entered >= hash_nbytes; entered++)
        staged_enter(tables, entered);
    /* There is nothing before it. */
    if (is_first)
        tables->places[first_index] = (uint16_t)first_index;
    return entered;
}

/* Send the bytes from next to part_end through the stages; the places are
 * filled in.  @return where the last match ends. */
static const uint8_t *staged_parse_part(const staged_stages *stages,
                                        fgz_finder *finder, const uint8_t *next,
                                        const uint8_t *part_end,
                                        fgz_parsed *parsed)
{
    const fgz_staged_view *const view = &parsed->view;
    const fgz_staged_search *const search = view->search;
    size_t const begin = (size_t)(next - view->base);
    size_t const count = (size_t)(part_end - next);
    staged_queue queue;

    staged_cut(&queue, begin, begin + count, (fgz_step *)(void *)finder->steps);
    stages->parse[search->reaches_all][search->max_depth - 1](&queue, view);
    parsed->staged_nbytes = count;
    return view->base + staged_stitch(&queue, parsed);
}

/* Enter few of the positions up to end; all have places. */
static void staged_skip(const fgz_staged_tables *tables, const uint8_t *next,
                        const uint8_t *end)
{
    uint32_t const index = staged_index(tables, next);
    size_t const count = (size_t)(end - next);

    for (size_t i = 0; i < count; i++)
        tables->places[index + i] = (uint16_t)(index + i - 1);
    for (size_t i = 0; i < count; i += STAGED_BARREN_STRIDE)
        staged_enter(tables, next + i);
}

/* ---- All ---- */

void fgz_staged_begin_part(fgz_finder *finder, const fgz_input *input,
                           const fgz_staged_search *search, const uint8_t *next,
                           const uint8_t *part_end, fgz_parsed *parsed)
{
    const staged_stages *const stages = staged_best_stages();
    fgz_staged_tables *const tables = &parsed->tables;
    const uint8_t *const margin =
        input->end - input->begin < STAGED_MARGIN_NBYTES ?
            input->begin :
            input->end - STAGED_MARGIN_NBYTES;
    /* What of it goes through the stages. */
    const uint8_t *const stages_end = part_end < margin ? part_end : margin;
    bool const is_trial =
        finder->is_barren && stages_end - next > 2 * STAGED_BARREN_TRIED_NBYTES;
    const uint8_t *const end =
        is_trial ? next + STAGED_BARREN_TRIED_NBYTES : part_end;
    const uint8_t *entered;

    *tables = (fgz_staged_tables){finder->heads,       finder->places,
                                  search->reaches_all, search->hash_nbytes,
                                  finder->hash_nbits,  fgz_position_bias(input),
                                  finder->frame_begin};
    if (!search->reaches_all)
        staged_move_frame(finder, tables, next, search->max_depth > 1);
    parsed->view = (fgz_staged_view){
        (const uint8_t *)((uintptr_t)next - staged_index(tables, next)),
        input->end, finder->places, search};
    parsed->nliterals = 0;
    parsed->nruns = 0;
    parsed->staged_nbytes = 0;
    parsed->skip_end = is_trial ? stages_end : next;
    entered = staged_fill_in(tables, stages, input,
                             next + finder->nentered_ahead, end + 1);
    if (next == input->begin) {
        parsed->nliterals = 1;
        next++;
    }
    if (is_trial ||
        stages_end - next >=
            (search->reaches_all ? STAGED_WHOLE_MIN_NBYTES : STAGED_MIN_NBYTES))
        next = staged_parse_part(stages, finder, next,
                                 is_trial ? end : stages_end, parsed);
    parsed->next = (size_t)(next - parsed->view.base);
    parsed->stop = (size_t)(end - parsed->view.base);
    parsed->entered = (size_t)(entered - parsed->view.base);
}

fgz_step *fgz_staged_keep_matches(const fgz_run *run)
{
    return staged_best_stages()->keep(run->first, run->count);
}

const uint8_t *fgz_staged_end_part(fgz_finder *finder, fgz_parsed *parsed,
                                   size_t i)
{
    const uint8_t *next = parsed->view.base + i;
    const uint8_t *entered = parsed->view.base + parsed->entered;

    if (finder->is_barren && next < parsed->skip_end) {
        staged_skip(&parsed->tables, next, parsed->skip_end);
        next = entered = parsed->skip_end;
    }
    finder->nentered_ahead = entered - next;
    return next;
}
