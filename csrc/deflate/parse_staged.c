/*
 * Tokens from the steps of the staged parser (parse/staged.c), many at a time.
 *
 * What a step chose is one token, or two where a match follows a literal.  They
 * are counted afterwards, all of a part at once.
 */
#include "../cpu.h"
#include "../parse/choose.h"
#include "../parse/staged.h"
#include "parse.h"

/* The least room for tokens with which a part is begun that does not reach the
 * end of what is to be parsed; and how much of it is not counted on: tokens of
 * cut matches, one in each segment, and what is stored beside them. */
#define STAGED_MIN_NTOKENS 512
#define STAGED_SPARE_NTOKENS 16

/* How often what is first and what is second in a token occurs; all 0 between
 * parts.  Two of each, because adding to one that was just added to has to
 * wait; four take 1 to 2 % longer below 4 KB, and no less above. */
typedef struct staged_counts {
    uint16_t first[2][512];
    uint16_t second[2][288];
} staged_counts;

_Static_assert(sizeof(staged_counts) ==
                   FGZ_STAGED_COUNTS_COUNT * sizeof(uint16_t),
               "the finder has room for the counts");

/* ---- Tokens of steps ---- */

/* Put the tokens of count steps from into on; some more may be stored there.
 * @return after the last token. */
typedef uint32_t *staged_convert(uint32_t *into, const fgz_step *from,
                                 size_t count);

/* One for an instruction set, of which another function converts so many steps
 * at a time. */
#define STAGED_CONVERT(name, target, convert, convert_count) \
    target static FGZ_NOINLINE uint32_t *name( \
        uint32_t *into, const fgz_step *from, size_t count) \
    { \
        for (; count >= (convert_count); count -= (convert_count)) { \
            into = convert(into, from); \
            from += (convert_count); \
        } \
        for (; count > 0; count--) \
            into = staged_convert_step(into, from++); \
        return into; \
    }

/* Put the tokens of a step: a literal and a match are two. */
FGZ_INLINE uint32_t *staged_convert_step(uint32_t *into, const fgz_step *step)
{
    bool const has_literal = step->literal != FGZ_NO_LITERAL;
    bool const is_match = step->length != 1;
    uint32_t const match =
        fgz_match_token(step->length, fgz_step_distance(step));
    uint32_t const literals =
        step->literal | (is_match ? FGZ_NO_SECOND : step->value + 32u) << 9;

    into[0] = has_literal ? literals : match;
    into[1] = match;
    return into + 1 + (has_literal && is_match);
}

#if FGZ_CPU_DISPATCH && defined(__x86_64__)

#  include <immintrin.h>

FGZ_INLINE __m128i staged_load_128(const void *from)
{
    return _mm_loadu_si128((const __m128i *)from);
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
FGZ_INLINE uint32_t *staged_convert4_sse2(uint32_t *into, const fgz_step *from)
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

STAGED_CONVERT(staged_convert_sse2, , staged_convert4_sse2, 4)

#  define STAGED_AVX2_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))

STAGED_AVX2_TARGET FGZ_INLINE __m256i staged_load_256(const void *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

STAGED_AVX2_TARGET FGZ_INLINE void staged_store_256(void *into, __m256i value)
{
    _mm256_storeu_si256((__m256i *)into, value);
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
    uint32_t *into, const fgz_step *from)
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

STAGED_CONVERT(staged_convert_avx2, STAGED_AVX2_TARGET, staged_convert8_avx2, 8)

#elif FGZ_CPU_DISPATCH && defined(__aarch64__) && defined(__ARM_NEON) && \
    !FGZ_BIG_ENDIAN

#  include <arm_neon.h>

/* As for SSE2. */
FGZ_INLINE uint32_t *staged_convert4_neon(uint32_t *into, const fgz_step *from)
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

STAGED_CONVERT(staged_convert_neon, , staged_convert4_neon, 4)
#  define STAGED_NEON 1

#else

STAGED_CONVERT(staged_convert_portable, , staged_convert_step, 1)

#endif

static staged_convert *staged_best_convert(void)
{
#if defined(STAGED_AVX2_TARGET)
    unsigned const needed = FGZ_CPU_AVX2 | FGZ_CPU_BMI2;

    return (fgz_cpu_features() & needed) == needed ? staged_convert_avx2 :
                                                     staged_convert_sse2;
#elif defined(STAGED_NEON)
    return staged_convert_neon;
#else
    return staged_convert_portable;
#endif
}

/* ---- A part ---- */

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
static uint32_t *staged_convert_rest(uint32_t *into, const fgz_step *step,
                                     const uint8_t *next, size_t rest)
{
    if (rest < FGZ_MIN_MATCH)
        *into = rest == 1 ? next[0] | FGZ_NO_SECOND << 9 :
                            next[0] | (next[1] + 32u) << 9;
    else
        *into = fgz_match_token((uint32_t)rest, fgz_step_distance(step));
    return into + 1;
}

/* Put what went through the stages. */
static void staged_put_runs(fgz_finder *finder, const fgz_parsed *parsed,
                            fgz_tokens *tokens)
{
    staged_convert *const convert = staged_best_convert();
    uint32_t *const list = tokens->list + tokens->count;
    uint32_t *into = list;
    size_t ntokens;

    for (unsigned k = 0; k < parsed->nruns; k++) {
        const fgz_run *const run = &parsed->runs[k];

        if (run->cut != NULL)
            into = staged_convert_rest(into, run->cut,
                                       parsed->view.base + run->begin,
                                       run->cut_nbytes);
        into = convert(into, run->first, run->count);
    }
    ntokens = (size_t)(into - list);
    staged_count((staged_counts *)(void *)finder->counts, list, ntokens,
                 &tokens->freqs);
    tokens->count += ntokens;
    /* Of two positions that begin no match comes one token. */
    finder->is_barren =
        ntokens + parsed->staged_nbytes / FGZ_STAGED_BARREN_DIVISOR >=
        parsed->staged_nbytes / 2;
}

/* Put literals from next to end. */
static void staged_put_literals(fgz_token_writer *writer, const uint8_t *next,
                                const uint8_t *end)
{
    for (; end - next >= 2; next += 2)
        fgz_put_two_literals(writer, next[0], next[1]);
    if (next < end)
        fgz_put_literal(writer, *next);
}

/* Put what the stages left.  @return the index where that ends. */
static size_t staged_put_steps(fgz_token_writer *writer,
                               const fgz_parsed *parsed)
{
    size_t i = parsed->next;

    while (i < parsed->stop) {
        fgz_step const step = fgz_staged_step(parsed, &i);

        if (step.literal != FGZ_NO_LITERAL)
            fgz_put_literal(writer, (uint8_t)step.literal);
        if (step.length > 0)
            fgz_put_match(writer, step.length, fgz_step_distance(&step));
    }
    return i;
}

/* One part; or nothing, where there is too little room for tokens. */
const uint8_t *fgz_parse_staged(fgz_finder *finder, const fgz_input *input,
                                const uint8_t *next, const uint8_t *stop,
                                const fgz_effort *effort, fgz_tokens *tokens)
{
    fgz_staged_search const search = {effort->hash_nbytes, effort->max_depth,
                                      false, FGZ_MAX_MATCH};
    size_t const avail = tokens->limit - tokens->count;
    /* Of two positions comes at most one token. */
    size_t const possible =
        avail > STAGED_SPARE_NTOKENS ? 2 * (avail - STAGED_SPARE_NTOKENS) : 0;
    size_t const wanted =
        fgz_min_size((size_t)(stop - next), FGZ_STAGED_PART_NBYTES);
    fgz_token_writer writer;
    fgz_parsed parsed;
    size_t i;

    if (possible < wanted && possible < 2 * STAGED_MIN_NTOKENS)
        return next;
    fgz_staged_begin_part(finder, input, &search, next,
                          next + fgz_min_size(wanted, possible), &parsed);
    if (parsed.nliterals > 0) {
        writer = fgz_tokens_begin(tokens);
        fgz_put_literal(&writer, *next);
        fgz_tokens_end(tokens, &writer);
    }
    if (parsed.nruns > 0)
        staged_put_runs(finder, &parsed, tokens);
    writer = fgz_tokens_begin(tokens);
    i = staged_put_steps(&writer, &parsed);
    next = fgz_staged_end_part(finder, &parsed, i);
    staged_put_literals(&writer, parsed.view.base + i, next);
    fgz_tokens_end(tokens, &writer);
    return next;
}
