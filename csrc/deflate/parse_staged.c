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
 *    give way.  Then all become tokens, many at a time, and are counted.
 *
 * PLACES ARE INDICES of 16 bits into a frame of 65,536 positions, so that one
 * addition leads from a place to its bytes, and none to its own place, which is
 * the one to try after it.  When the end of the frame is reached it moves on,
 * and what is left of the places is lessened by as much.  The table of heads
 * has positions modulo 2^16, as in all parsers, and is never adjusted.
 *
 * A PLACE IS ALWAYS ONE OF THE INPUT, before its position and within reach, so
 * that whatever is there may be compared.  The first position of a stream has
 * none, and is put as a literal.
 *
 * What is too near the end of the input, or too short, is parsed step by step.
 */
#include "parse.h"

#include "../cpu.h"
#include "choose.h"
#include "lanes.h"

/* The shortest match that is used. */
#define STAGED_MIN_MATCH 4

/* The largest distance.  One less than the format's, so that all that is larger
 * is negative as a signed number of 16 bits. */
#define STAGED_MAX_DISTANCE 32767

/* How many places are tried for a position, at most. */
#define STAGED_MAX_DEPTH 4

/* How many bytes a step compares.  More matches are longer than 16 bytes than
 * a branch could foresee. */
#define STAGED_COMPARED_NBYTES 32

/* Four parses take 0.64 to 0.7 of the time of one; three or five more than
 * four. */
#define STAGED_NPARSES 4

/* How much input goes through the stages at a time.  Twice as much: block
 * borders fit the input less, .3 to .8 % more output at the levels that look
 * for them. */
#define STAGED_PART_NBYTES 8192

/*
 * A part is cut into rounds of four segments, which are smaller from round to
 * round, in 256ths of the part: the four parses come to the end of the last
 * ones at nearly the same time.  Rounds of like length take 3 % more time.  A
 * segment costs a stitch, and now and then a match that is cut, so a short part
 * is one round; and what is too short for that is parsed step by step.
 */
#define STAGED_NROUNDS 3
#define STAGED_ROUND_SHARES {36, 19, 9}
#define STAGED_MAX_NSEGMENTS (STAGED_NPARSES * STAGED_NROUNDS)
#define STAGED_ROUNDS_MIN_NBYTES 2048
#define STAGED_MIN_NBYTES 512

/* Steps are made only this far before the end of the input: a position looked
 * ahead and the bytes compared there, and 8 positions filled in. */
#define STAGED_MARGIN_NBYTES 48

/* A segment's steps are noted this far after the former's, since so many are
 * converted at a time. */
#define STAGED_GAP_NSTEPS 8

/* The least room for tokens with which a part is begun that does not reach the
 * end of what is to be parsed; and how much of it is not counted on: tokens of
 * cut matches, one in each segment, and what is stored beside them. */
#define STAGED_MIN_NTOKENS 512
#define STAGED_SPARE_NTOKENS 16

/*
 * A part of which no more than one in this many positions begins a match is
 * barren.  After it, this much of the next part is tried, and if that is barren
 * as well, the rest is put as literals, and one position of so many is entered:
 * what does not compress may still come again, as images in a page do, and each
 * position of that is looked up.  60 KB of noise take 84 us at level 1, 1 in 4
 * of what they take without all this.
 */
#define STAGED_BARREN_DIVISOR 256
#define STAGED_BARREN_TRIED_NBYTES 1024
#define STAGED_BARREN_STRIDE 16

/* ---- Places ---- */

/* Copies, which no store can change. */
typedef struct staged_tables {
    uint16_t *heads;
    uint16_t *places; /* by index: the latest place with the same hash */
    unsigned hash_nbytes;
    unsigned hash_nbits;
    uint32_t bias; /* what makes an address a position */
    uint32_t frame_begin;
} staged_tables;

/* The index of a position in the frame. */
FGZ_INLINE uint32_t staged_index(const staged_tables *tables,
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
                      (distance - 1 < STAGED_MAX_DISTANCE ? distance : 1));
}

/* ---- Segments ---- */

/* What a step chose: a literal or none, and then a match or another literal. */
typedef struct staged_step {
    uint16_t literal; /* or FGZ_NO_LITERAL */
    uint16_t length;  /* of the match, or 1: another literal */
    uint16_t value;   /* the place of the match, or the literal */
    uint16_t end;     /* the index after all that */
} staged_step;

/* Indices count from the begin of the frame. */
typedef struct staged_segment {
    size_t begin;
    size_t end;
    staged_step *first_step;
    staged_step *step_end;
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
    staged_step *steps[STAGED_NPARSES]; /* round 0 would note its step here */
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
                       staged_step *steps)
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
            steps + (segment_begin - begin) / 2 + STAGED_GAP_NSTEPS * s;
        segment_begin += count * share >> 8;
        segment->end = s + 1 == nsegments ? end : segment_begin;
    }
    queue->nsegments = nsegments;
    queue->nleft = nsegments;
    queue->ntaken = 0;
}

/* ---- Stages ---- */

typedef struct staged_match {
    uint32_t length;
    uint32_t place;
} staged_match;

/* What the parses look at. */
typedef struct staged_view {
    const uint8_t *base; /* index 0 */
    const fgz_input *input;
    const uint16_t *places;
} staged_view;

/* How often what is first and what is second in a token occurs.  Two of each,
 * because adding to one that was just added to has to wait; four take 1 to 2 %
 * longer below 4 KB, and no less above. */
typedef struct staged_counts {
    uint16_t first[2][512];
    uint16_t second[2][288];
} staged_counts;

/* The working memory of a part. */
typedef struct staged_memory {
    staged_counts counts; /* all 0 between parts */
    staged_step steps[STAGED_PART_NBYTES / 2 +
                      STAGED_GAP_NSTEPS * (STAGED_MAX_NSEGMENTS + 1)];
} staged_memory;

_Static_assert(sizeof(staged_memory) <=
                   FGZ_STAGED_MEMORY_COUNT * sizeof(uint16_t),
               "the finder has room");

typedef void staged_fill(const staged_tables *tables, const uint8_t *next,
                         size_t count);
typedef void staged_parse(staged_queue *queue, const staged_view *view);
typedef uint32_t *staged_convert(uint32_t *into, const staged_step *from,
                                 size_t count);

/* All stages for one instruction set. */
typedef struct staged_stages {
    staged_fill *fill[2];                  /* by the bytes hashed, 4 or 5 */
    staged_parse *parse[STAGED_MAX_DEPTH]; /* by depth less 1 */
    staged_convert *convert;
} staged_stages;

/* The length of a match of at least STAGED_COMPARED_NBYTES. */
static FGZ_NOINLINE uint32_t staged_extend(const staged_view *view, size_t i,
                                           uint32_t place)
{
    const uint8_t *const next = view->base + i;

    return fgz_match_length(next, view->base + place, STAGED_COMPARED_NBYTES,
                            fgz_max_match(next, view->input));
}

/* Put the tokens of a step: a literal and a match are two. */
FGZ_INLINE uint32_t *staged_convert_step(uint32_t *into,
                                         const staged_step *step)
{
    bool const has_literal = step->literal != FGZ_NO_LITERAL;
    bool const is_match = step->length != 1;
    uint32_t const match = fgz_match_token(
        step->length, (uint16_t)(step->end - step->length - step->value));
    uint32_t const literals =
        step->literal | (is_match ? FGZ_NO_SECOND : step->value + 32u) << 9;

    into[0] = has_literal ? literals : match;
    into[1] = match;
    return into + 1 + (has_literal && is_match);
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

/* Where mask is all ones a, where it is 0 b. */
FGZ_INLINE __m128i staged_select_sse2(__m128i mask, __m128i a, __m128i b)
{
    return _mm_or_si128(_mm_and_si128(mask, a), _mm_andnot_si128(mask, b));
}

/*
 * The symbol of a distance: the exponent of distance - 1 as a number with a
 * point, 127 where it is 1, and the highest bit of its fraction make 254 + 2 *
 * exponent + bit, which is 254 + the symbol from 2 on; 0 and 1 are their own
 * symbols.  Without the bits below, that number is the least of the symbol's
 * distances, less 1, and what is left over are the extra bits.
 */
FGZ_INLINE uint32_t *staged_convert4_sse2(uint32_t *into,
                                          const staged_step *from)
{
    __m128i const one = _mm_set1_epi32(1);
    __m128i const low = _mm_set1_epi32(0xffff);
    __m128 const a = _mm_castsi128_ps(staged_load_128(from));
    __m128 const b = _mm_castsi128_ps(staged_load_128(from + 2));
    __m128i const firsts = _mm_castps_si128(_mm_shuffle_ps(a, b, 0x88));
    __m128i const lasts = _mm_castps_si128(_mm_shuffle_ps(a, b, 0xdd));
    __m128i const literals = _mm_and_si128(firsts, low);
    __m128i const lengths = _mm_srli_epi32(firsts, 16);
    __m128i const values = _mm_and_si128(lasts, low);
    __m128i const is_match = _mm_cmpgt_epi32(lengths, one);
    __m128i const has_none =
        _mm_cmpeq_epi32(literals, _mm_set1_epi32(FGZ_NO_LITERAL));
    /* The distances less 1. */
    __m128i const from_one = _mm_and_si128(
        _mm_sub_epi32(_mm_sub_epi32(_mm_srli_epi32(lasts, 16), lengths),
                      _mm_add_epi32(values, one)),
        low);
    __m128i const floats = _mm_castps_si128(_mm_cvtepi32_ps(from_one));
    __m128i const sym = staged_select_sse2(
        _mm_cmpgt_epi32(from_one, one),
        _mm_sub_epi32(_mm_srli_epi32(floats, 22), _mm_set1_epi32(254)),
        from_one);
    __m128i const least = _mm_cvttps_epi32(_mm_castsi128_ps(
        _mm_and_si128(floats, _mm_set1_epi32((int)0xffc00000))));
    __m128i const match = _mm_or_si128(
        _mm_add_epi32(lengths, _mm_set1_epi32(256 - FGZ_MIN_MATCH)),
        _mm_or_si128(_mm_slli_epi32(sym, 9),
                     _mm_slli_epi32(_mm_sub_epi32(from_one, least), 18)));
    __m128i const seconds =
        staged_select_sse2(is_match, _mm_set1_epi32(FGZ_NO_SECOND),
                           _mm_add_epi32(values, _mm_set1_epi32(32)));
    __m128i const tokens = staged_select_sse2(
        has_none, match, _mm_or_si128(literals, _mm_slli_epi32(seconds, 9)));
    unsigned const are_two = (unsigned)_mm_movemask_ps(
        _mm_castsi128_ps(_mm_andnot_si128(has_none, is_match)));
    __m128i const pairs_01 = _mm_unpacklo_epi32(tokens, match);
    __m128i const pairs_23 = _mm_unpackhi_epi32(tokens, match);

    _mm_storel_epi64((__m128i *)(void *)into, pairs_01);
    into += 1 + (are_two & 1);
    _mm_storel_epi64((__m128i *)(void *)into,
                     _mm_unpackhi_epi64(pairs_01, pairs_01));
    into += 1 + (are_two >> 1 & 1);
    _mm_storel_epi64((__m128i *)(void *)into, pairs_23);
    into += 1 + (are_two >> 2 & 1);
    _mm_storel_epi64((__m128i *)(void *)into,
                     _mm_unpackhi_epi64(pairs_23, pairs_23));
    return into + 1 + (are_two >> 3);
}

#  define STAGED_NAME(name) staged_##name##_sse2
#  define STAGED_TARGET
#  define STAGED_COMMON32(a, b) staged_common32_sse2(a, b)
#  define STAGED_CONVERT_COUNT 4
#  define STAGED_CONVERT(into, from) staged_convert4_sse2(into, from)
#  include "parse_staged_steps.h"

#  define STAGED_AVX2_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))

STAGED_AVX2_TARGET FGZ_INLINE __m256i staged_load_256(const void *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

STAGED_AVX2_TARGET FGZ_INLINE void staged_store_256(void *into, __m256i value)
{
    _mm256_storeu_si256((__m256i *)into, value);
}

STAGED_AVX2_TARGET FGZ_INLINE uint32_t staged_common32_avx2(const uint8_t *a,
                                                            const uint8_t *b)
{
    return _tzcnt_u32(~(uint32_t)_mm256_movemask_epi8(
        _mm256_cmpeq_epi8(staged_load_256(a), staged_load_256(b))));
}

/* Of four pairs of tokens, which are there if a bit says that a pair is two. */
static const uint32_t staged_picks[16][8] = {
    {0, 2, 4, 6, 0, 0, 0, 0}, {0, 1, 2, 4, 6, 0, 0, 0},
    {0, 2, 3, 4, 6, 0, 0, 0}, {0, 1, 2, 3, 4, 6, 0, 0},
    {0, 2, 4, 5, 6, 0, 0, 0}, {0, 1, 2, 4, 5, 6, 0, 0},
    {0, 2, 3, 4, 5, 6, 0, 0}, {0, 1, 2, 3, 4, 5, 6, 0},
    {0, 2, 4, 6, 7, 0, 0, 0}, {0, 1, 2, 4, 6, 7, 0, 0},
    {0, 2, 3, 4, 6, 7, 0, 0}, {0, 1, 2, 3, 4, 6, 7, 0},
    {0, 2, 4, 5, 6, 7, 0, 0}, {0, 1, 2, 4, 5, 6, 7, 0},
    {0, 2, 3, 4, 5, 6, 7, 0}, {0, 1, 2, 3, 4, 5, 6, 7}};

/* Put what is there of four pairs of tokens. */
STAGED_AVX2_TARGET FGZ_INLINE uint32_t *staged_pick(uint32_t *into,
                                                    __m256i pairs,
                                                    unsigned are_two)
{
    staged_store_256(into, _mm256_permutevar8x32_epi32(
                               pairs, staged_load_256(staged_picks[are_two])));
    return into + 4 + __builtin_popcount(are_two);
}

/* As for SSE2, twice as many. */
STAGED_AVX2_TARGET FGZ_INLINE uint32_t *staged_convert8_avx2(
    uint32_t *into, const staged_step *from)
{
    __m256i const one = _mm256_set1_epi32(1);
    __m256i const low = _mm256_set1_epi32(0xffff);
    __m256 const a = _mm256_castsi256_ps(staged_load_256(from));
    __m256 const b = _mm256_castsi256_ps(staged_load_256(from + 4));
    __m256i const firsts = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88));
    __m256i const lasts = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xdd));
    __m256i const literals = _mm256_and_si256(firsts, low);
    __m256i const lengths = _mm256_srli_epi32(firsts, 16);
    __m256i const values = _mm256_and_si256(lasts, low);
    __m256i const is_match = _mm256_cmpgt_epi32(lengths, one);
    __m256i const has_none =
        _mm256_cmpeq_epi32(literals, _mm256_set1_epi32(FGZ_NO_LITERAL));
    __m256i const from_one = _mm256_and_si256(
        _mm256_sub_epi32(
            _mm256_sub_epi32(_mm256_srli_epi32(lasts, 16), lengths),
            _mm256_add_epi32(values, one)),
        low);
    __m256i const floats = _mm256_castps_si256(_mm256_cvtepi32_ps(from_one));
    __m256i const sym = _mm256_max_epi32(
        _mm256_sub_epi32(_mm256_srli_epi32(floats, 22), _mm256_set1_epi32(254)),
        _mm256_min_epi32(from_one, one));
    __m256i const least = _mm256_cvttps_epi32(_mm256_castsi256_ps(
        _mm256_and_si256(floats, _mm256_set1_epi32((int)0xffc00000))));
    __m256i const match = _mm256_or_si256(
        _mm256_add_epi32(lengths, _mm256_set1_epi32(256 - FGZ_MIN_MATCH)),
        _mm256_or_si256(
            _mm256_slli_epi32(sym, 9),
            _mm256_slli_epi32(_mm256_sub_epi32(from_one, least), 18)));
    __m256i const seconds =
        _mm256_blendv_epi8(_mm256_add_epi32(values, _mm256_set1_epi32(32)),
                           _mm256_set1_epi32(FGZ_NO_SECOND), is_match);
    __m256i const tokens = _mm256_blendv_epi8(
        _mm256_or_si256(literals, _mm256_slli_epi32(seconds, 9)), match,
        has_none);
    /* Steps 0, 1, 4, 5, and then the others: as they were shuffled above. */
    unsigned const are_two = (unsigned)_mm256_movemask_ps(
        _mm256_castsi256_ps(_mm256_andnot_si256(has_none, is_match)));

    into = staged_pick(into, _mm256_unpacklo_epi32(tokens, match),
                       (are_two & 3) | (are_two >> 2 & 12));
    return staged_pick(into, _mm256_unpackhi_epi32(tokens, match),
                       (are_two >> 2 & 3) | (are_two >> 4 & 12));
}

#  define STAGED_NAME(name) staged_##name##_avx2
#  define STAGED_TARGET STAGED_AVX2_TARGET
#  define STAGED_COMMON32(a, b) staged_common32_avx2(a, b)
#  define STAGED_CONVERT_COUNT 8
#  define STAGED_CONVERT(into, from) staged_convert8_avx2(into, from)
#  include "parse_staged_steps.h"

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

/* As for SSE2. */
FGZ_INLINE uint32_t *staged_convert4_neon(uint32_t *into,
                                          const staged_step *from)
{
    uint16x4x4_t const steps = vld4_u16(&from->literal);
    uint32x4_t const one = vdupq_n_u32(1);
    uint32x4_t const literals = vmovl_u16(steps.val[0]);
    uint32x4_t const lengths = vmovl_u16(steps.val[1]);
    uint32x4_t const values = vmovl_u16(steps.val[2]);
    uint32x4_t const is_match = vcgtq_u32(lengths, one);
    uint32x4_t const has_none =
        vceqq_u32(literals, vdupq_n_u32(FGZ_NO_LITERAL));
    /* The distances less 1. */
    uint32x4_t const from_one =
        vmovl_u16(vsub_u16(vsub_u16(steps.val[3], steps.val[1]),
                           vadd_u16(steps.val[2], vdup_n_u16(1))));
    uint32x4_t const floats = vreinterpretq_u32_f32(vcvtq_f32_u32(from_one));
    uint32x4_t const sym = vbslq_u32(
        vcgtq_u32(from_one, one),
        vsubq_u32(vshrq_n_u32(floats, 22), vdupq_n_u32(254)), from_one);
    uint32x4_t const least = vcvtq_u32_f32(
        vreinterpretq_f32_u32(vandq_u32(floats, vdupq_n_u32(0xffc00000))));
    uint32x4_t const match =
        vorrq_u32(vaddq_u32(lengths, vdupq_n_u32(256 - FGZ_MIN_MATCH)),
                  vorrq_u32(vshlq_n_u32(sym, 9),
                            vshlq_n_u32(vsubq_u32(from_one, least), 18)));
    uint32x4_t const seconds = vbslq_u32(is_match, vdupq_n_u32(FGZ_NO_SECOND),
                                         vaddq_u32(values, vdupq_n_u32(32)));
    uint32x4_t const tokens = vbslq_u32(
        has_none, match, vorrq_u32(literals, vshlq_n_u32(seconds, 9)));
    uint16x4_t const ntokens =
        vmovn_u32(vsubq_u32(one, vbicq_u32(is_match, has_none)));
    uint32x4_t const pairs_01 = vzip1q_u32(tokens, match);
    uint32x4_t const pairs_23 = vzip2q_u32(tokens, match);

    vst1_u32(into, vget_low_u32(pairs_01));
    into += vget_lane_u16(ntokens, 0);
    vst1_u32(into, vget_high_u32(pairs_01));
    into += vget_lane_u16(ntokens, 1);
    vst1_u32(into, vget_low_u32(pairs_23));
    into += vget_lane_u16(ntokens, 2);
    vst1_u32(into, vget_high_u32(pairs_23));
    return into + vget_lane_u16(ntokens, 3);
}

#  define STAGED_NAME(name) staged_##name##_neon
#  define STAGED_TARGET
#  define STAGED_COMMON32(a, b) staged_common32_neon(a, b)
#  define STAGED_CONVERT_COUNT 4
#  define STAGED_CONVERT(into, from) staged_convert4_neon(into, from)
#  include "parse_staged_steps.h"
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
#  define STAGED_CONVERT_COUNT 1
#  define STAGED_CONVERT(into, from) staged_convert_step(into, from)
#  include "parse_staged_steps.h"

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

/* Count the symbols of some tokens. */
static FGZ_NOINLINE void staged_count(staged_counts *counts,
                                      const uint32_t *list, size_t count,
                                      fgz_histogram *freqs)
{
    uint16_t first[512];
    uint16_t second[288];
    size_t i = 0;
    unsigned k = 256;

#define STAGED_COUNT(k) \
    { \
        counts->first[k][FGZ_TOKEN_FIRST(list[i + (k)])]++; \
        counts->second[k][FGZ_TOKEN_SECOND(list[i + (k)])]++; \
    }
    for (; i + 2 <= count; i += 2) {
        STAGED_COUNT(0)
        STAGED_COUNT(1)
    }
    if (i < count)
        STAGED_COUNT(0)
#undef STAGED_COUNT

    for (unsigned j = 0; j < 512; j++)
        first[j] = (uint16_t)(counts->first[0][j] + counts->first[1][j]);
    for (unsigned j = 0; j < 288; j++)
        second[j] = (uint16_t)(counts->second[0][j] + counts->second[1][j]);
    for (unsigned j = 0; j < 256; j++)
        freqs->litlen[j] += (uint32_t)(first[j] + second[32 + j]);
    for (unsigned j = 0; j < 29; j++) {
        unsigned const end = j == 28 ? 512u : 256u + fgz_length_bases[j + 1];
        uint32_t sum = 0;

        for (; k < end; k++)
            sum += first[k];
        freqs->litlen[FGZ_FIRST_LENGTH_SYM + j] += sum;
    }
    for (unsigned j = 0; j < FGZ_DISTANCE_NSYMS; j++)
        freqs->distance[j] += second[j];
    memset(counts, 0, sizeof(*counts));
}

/* Put what is left of a step, of which the bytes before next come from the
 * segment before: two literals, or a shorter match at the same distance.
 * @return after the last token. */
static uint32_t *staged_convert_rest(uint32_t *into, const staged_step *step,
                                     const uint8_t *next, size_t rest)
{
    if (rest < FGZ_MIN_MATCH)
        *into = rest == 1 ? next[0] | FGZ_NO_SECOND << 9 :
                            next[0] | (next[1] + 32u) << 9;
    else
        *into = fgz_match_token(
            (uint32_t)rest, (uint16_t)(step->end - step->length - step->value));
    return into + 1;
}

/* Join the segments.  @return the index after the last match. */
static size_t staged_stitch(const staged_queue *queue, const staged_view *view,
                            const staged_stages *stages, fgz_tokens *tokens)
{
    uint32_t *into = tokens->list + tokens->count;
    size_t done = queue->segments[0].begin;

    for (unsigned s = 0; s < queue->nsegments; s++) {
        const staged_segment *const segment = &queue->segments[s];
        const staged_step *step = segment->first_step;
        size_t begin = segment->begin;

        if (segment->parsed_end <= done)
            continue;
        while (begin < done) {
            begin += (step->literal != FGZ_NO_LITERAL) + (size_t)step->length;
            if (begin > done)
                into = staged_convert_rest(into, step, view->base + done,
                                           begin - done);
            step++;
        }
        into = stages->convert(into, step, (size_t)(segment->step_end - step));
        done = segment->parsed_end;
    }
    tokens->count = (size_t)(into - tokens->list);
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
static void staged_move_frame(fgz_finder *finder, staged_tables *tables,
                              const uint8_t *next, bool has_chains)
{
    uint32_t const index = staged_index(tables, next);
    uint32_t const shift = index - FGZ_MAX_DISTANCE;
    ptrdiff_t const ahead = finder->nentered_ahead;

    if (has_chains) {
        if (index <
            FGZ_PLACES_COUNT - STAGED_PART_NBYTES - STAGED_MARGIN_NBYTES)
            return;
        staged_lessen(tables->places, (size_t)(FGZ_MAX_DISTANCE + ahead),
                      shift);
    } else {
        for (ptrdiff_t i = 0; i < ahead; i++)
            tables->places[FGZ_MAX_DISTANCE + i] =
                (uint16_t)(tables->places[index + (size_t)i] - shift);
    }
    tables->frame_begin += shift;
    finder->frame_begin = tables->frame_begin;
}

/* Fill in the place of one position, of which as many bytes are known as are
 * hashed. */
static void staged_enter(const staged_tables *tables, const uint8_t *next)
{
    uint32_t const position = fgz_position(next, tables->bias);
    uint32_t const index = staged_index(tables, next);
    uint64_t const fifth = tables->hash_nbytes == 5 ? next[4] : 0;
    size_t const hash = staged_hash(fgz_load_le32(next) | fifth << 32,
                                    tables->hash_nbytes, tables->hash_nbits);

    FGZ_COUNT_WORK(1);
    tables->places[index] = staged_place(position, index, tables->heads[hash]);
    tables->heads[hash] = (uint16_t)position;
}

/* Fill in the places up to end, or as far as bytes are known.  @return up to
 * where. */
static const uint8_t *staged_fill_in(const staged_tables *tables,
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

        stages->fill[tables->hash_nbytes - 4](tables, entered, count);
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
static const uint8_t *staged_parse_part(
    const staged_tables *tables, const staged_stages *stages,
    fgz_finder *finder, const staged_view *view, const uint8_t *next,
    const uint8_t *part_end, unsigned max_depth, fgz_tokens *tokens)
{
    staged_memory *const memory = (staged_memory *)(void *)finder->memory;
    size_t const begin = staged_index(tables, next);
    size_t const count = (size_t)(part_end - next);
    size_t const former_count = tokens->count;
    size_t ntokens, end;
    staged_queue queue;

    staged_cut(&queue, begin, begin + count, memory->steps);
    stages->parse[max_depth - 1](&queue, view);
    end = staged_stitch(&queue, view, stages, tokens);
    ntokens = tokens->count - former_count;
    staged_count(&memory->counts, tokens->list + former_count, ntokens,
                 &tokens->freqs);
    /* Of two positions that begin no match comes one token. */
    finder->is_barren = ntokens + count / STAGED_BARREN_DIVISOR >= count / 2;
    return next + (end - begin);
}

/* Put literals, and enter few of the positions; all have places.  @return
 * part_end. */
static const uint8_t *staged_skip(const staged_tables *tables,
                                  const uint8_t *next, const uint8_t *part_end,
                                  fgz_tokens *tokens)
{
    uint32_t const index = staged_index(tables, next);
    size_t const count = (size_t)(part_end - next);
    fgz_token_writer writer = fgz_tokens_begin(tokens);

    for (size_t i = 0; i < count; i++)
        tables->places[index + i] = (uint16_t)(index + i - 1);
    for (size_t i = 0; i < count; i += STAGED_BARREN_STRIDE)
        staged_enter(tables, next + i);
    for (; part_end - next >= 2; next += 2)
        fgz_put_two_literals(&writer, next[0], next[1]);
    if (next < part_end)
        fgz_put_literal(&writer, *next);
    fgz_tokens_end(tokens, &writer);
    return part_end;
}

/* ---- Step by step ---- */

/* The best match at a position that is not a stream's first; none where too few
 * bytes were known for its place to be filled in. */
static staged_match staged_find(const staged_tables *tables,
                                const staged_view *view, const uint8_t *next,
                                const uint8_t *entered, unsigned max_depth)
{
    uint32_t const index = staged_index(tables, next);
    staged_match best = {0, 0};
    uint32_t place;

    if (next >= entered)
        return best;
    place = view->places[index];
    for (unsigned depth = 1;; depth++) {
        uint32_t const length = fgz_match_length(
            next, view->base + place, 0, fgz_max_match(next, view->input));

        FGZ_COUNT_WORK(1);
        if (length >= STAGED_MIN_MATCH && length > best.length)
            best = (staged_match){length, place};
        if (depth == max_depth)
            return best;
        place = view->places[place];
        if (place + STAGED_MAX_DISTANCE < index)
            return best;
    }
}

/* Parse from next to stop, or until there is no more room: a match gives way to
 * a longer one at the next position, as in the stages. */
static const uint8_t *staged_parse_steps(const staged_tables *tables,
                                         const staged_view *view,
                                         const uint8_t *next,
                                         const uint8_t *entered,
                                         const uint8_t *stop,
                                         unsigned max_depth, fgz_tokens *tokens)
{
    fgz_token_writer writer = fgz_tokens_begin(tokens);

    while (next < stop && fgz_tokens_avail(&writer) >= 2) {
        staged_match match =
            staged_find(tables, view, next, entered, max_depth);

        if (match.length != 0 && next + 1 < stop) {
            staged_match const later =
                staged_find(tables, view, next + 1, entered, max_depth);

            if (later.length > match.length) {
                fgz_put_literal(&writer, *next++);
                match = later;
            }
        }
        if (match.length == 0) {
            fgz_put_literal(&writer, *next++);
            continue;
        }
        fgz_put_match(&writer, match.length,
                      staged_index(tables, next) - match.place);
        next += match.length;
    }
    fgz_tokens_end(tokens, &writer);
    return next;
}

/* ---- All ---- */

/* One part; or nothing, where there is too little room for tokens. */
const uint8_t *fgz_parse_staged(fgz_finder *finder, const fgz_input *input,
                                const uint8_t *next, const uint8_t *stop,
                                const fgz_effort *effort, fgz_tokens *tokens)
{
    const staged_stages *const stages = staged_best_stages();
    unsigned const max_depth = effort->max_depth;
    staged_tables tables = {
        finder->heads,      finder->places,           effort->hash_nbytes,
        finder->hash_nbits, fgz_position_bias(input), finder->frame_begin};
    size_t const avail = tokens->limit - tokens->count;
    /* Of two positions comes at most one token. */
    size_t const possible =
        avail > STAGED_SPARE_NTOKENS ? 2 * (avail - STAGED_SPARE_NTOKENS) : 0;
    size_t const wanted =
        fgz_min_size((size_t)(stop - next), STAGED_PART_NBYTES);
    const uint8_t *const part_end = next + fgz_min_size(wanted, possible);
    const uint8_t *const margin =
        input->end - input->begin < STAGED_MARGIN_NBYTES ?
            input->begin :
            input->end - STAGED_MARGIN_NBYTES;
    /* What of it goes through the stages. */
    const uint8_t *const stages_end = part_end < margin ? part_end : margin;
    bool const is_trial =
        finder->is_barren && stages_end - next > 2 * STAGED_BARREN_TRIED_NBYTES;
    const uint8_t *entered = next + finder->nentered_ahead;
    staged_view view;

    if (possible < wanted && possible < 2 * STAGED_MIN_NTOKENS)
        return next;
    staged_move_frame(finder, &tables, next, max_depth > 1);
    view = (staged_view){
        (const uint8_t *)((uintptr_t)next - staged_index(&tables, next)), input,
        finder->places};
    if (is_trial) {
        const uint8_t *const trial_end = next + STAGED_BARREN_TRIED_NBYTES;

        entered =
            staged_fill_in(&tables, stages, input, entered, trial_end + 1);
        next = staged_parse_part(&tables, stages, finder, &view, next,
                                 trial_end, max_depth, tokens);
        if (finder->is_barren && next < stages_end)
            next = entered = staged_skip(&tables, next, stages_end, tokens);
        finder->nentered_ahead = entered - next;
        return next;
    }
    entered = staged_fill_in(&tables, stages, input, entered, part_end + 1);
    if (next == input->begin) {
        fgz_token_writer writer = fgz_tokens_begin(tokens);

        fgz_put_literal(&writer, *next++);
        fgz_tokens_end(tokens, &writer);
    }
    if (stages_end - next >= STAGED_MIN_NBYTES)
        next = staged_parse_part(&tables, stages, finder, &view, next,
                                 stages_end, max_depth, tokens);
    if (next < part_end)
        next = staged_parse_steps(&tables, &view, next, entered, part_end,
                                  max_depth, tokens);
    finder->nentered_ahead = entered - next;
    return next;
}
