/*
 * Sequences of zstd from the steps of the staged parser (parse/staged.c).
 *
 * A step that chose no match only makes the literals before the next match
 * more, so such steps are taken out first, without a branch.  What is left
 * becomes a sequence each: its literals are copied to those before, 32 bytes at
 * a time, it is noted as codes, which are counted, and its offset is compared
 * with the last three, since one of these takes a few bits only: that saves .4
 * to 1.3 %.
 */
#include "sequences.h"

#include "../alloc.h"
#include "../cpu.h"
#include "../entropy/bitwriter.h"
#include "../parse/staged.h"
#include "constants.h"

/* How much of the body goes through the stages at a time.  Half as much takes
 * 1 to 2 % more time. */
#define PART_NBYTES ((size_t)16384)

/* One sequence for 5 bytes: more than bodies have that are not made to have
 * many.  In 64 KB of the documents of bench/corpus there is at most one for 5.9
 * bytes, with hashes of 4 bytes, and one for 8.8 in whole ones of that length.
 */
#define SEQUENCES_MAX_COUNT 13107

/* The most that come from one part. */
#define SEQUENCES_MAX_PER_PART \
    (PART_NBYTES / FGZ_STAGED_MIN_MATCH + FGZ_STAGED_MAX_NRUNS + 1)

/* Literals are copied so many at a time; as many may be stored, and read, after
 * the last. */
#define COPIED_NBYTES 32

/* The heads of the longest body, as a power of 2; and by how much a body is
 * shorter than what its heads are cleared for: there are at least as many as
 * bytes.  Twice as many: .1 to .2 % less from 1.5 to 16 KB, but 2 % more time
 * from 4 KB on, and with 16 MB swept 6 to 10 % more. */
#define HEADS_MAX_NBITS 15
#define HEADS_SHIFT 1

/* Matches are at least so long, and their codes begin there. */
#define MIN_MATCH 3

/* Where the sequences of a part go; while it is taken this stays in registers.
 */
typedef struct sequence_writer {
    fgz_sequence *next;
    uint8_t *literals;
    const uint8_t *in;
    uint32_t done;      /* the index after the last match */
    uint32_t recent[3]; /* the last offsets, the latest first */
} sequence_writer;

/* The Offset_Value of a match, section 3.1.1.5, and what is recent after it. */
FGZ_INLINE uint32_t take_offset(sequence_writer *writer, uint32_t offset,
                                uint32_t nliterals)
{
    uint32_t const first = writer->recent[0];
    uint32_t const second = writer->recent[1];
    uint32_t const third = writer->recent[2];
    /* Without literals the values are one less, as the first would have made
     * the match before longer.  Compilers make branches of a part of this,
     * which is as good as none; with one for each of the three, finding
     * takes 9 % more time. */
    uint32_t const shift = nliterals == 0;
    bool const is_first = offset == first && shift == 0;
    bool const is_second = offset == second;
    bool const is_third = offset == third;
    uint32_t value = is_third ? 3 - shift : offset + 3;

    value = is_second ? 2 - shift : value;
    value = is_first ? 1 : value;
    writer->recent[2] = is_first || is_second ? third : second;
    writer->recent[1] = is_first ? second : first;
    writer->recent[0] = offset;
    return value;
}

/* Note a sequence as its codes, and count these. */
FGZ_INLINE void put_codes(fgz_sequence *sequence,
                          uint32_t (*counts)[FGZ_MAX_NCODES],
                          uint32_t nliterals, uint32_t match_nbytes,
                          uint32_t offset_value)
{
    uint32_t const match = match_nbytes - MIN_MATCH;
    unsigned const literals_code = FGZ_LIKELY(nliterals < 64) ?
                                       fgz_literals_length_codes[nliterals] :
                                       19 + fgz_highest_bit32(nliterals);
    unsigned const match_code = FGZ_LIKELY(match < 128) ?
                                    fgz_match_length_codes[match] :
                                    36 + fgz_highest_bit32(match);
    unsigned const offset_code = fgz_highest_bit32(offset_value);
    unsigned const literals_nbits =
        fgz_literals_length_extra_nbits[literals_code];
    unsigned const match_nbits = fgz_match_length_extra_nbits[match_code];

    /* The least length of each code is a multiple of what its bits count. */
    sequence->extra = fgz_low_bits(nliterals, literals_nbits) |
                      fgz_low_bits(match, match_nbits) << literals_nbits |
                      fgz_low_bits(offset_value, offset_code)
                          << (literals_nbits + match_nbits);
    sequence->literals_code = (uint8_t)literals_code;
    sequence->offset_code = (uint8_t)offset_code;
    sequence->match_code = (uint8_t)match_code;
    sequence->extra_nbits =
        (uint8_t)(literals_nbits + match_nbits + offset_code);
    counts[FGZ_LITERALS_LENGTHS][literals_code]++;
    counts[FGZ_OFFSETS][offset_code]++;
    counts[FGZ_MATCH_LENGTHS][match_code]++;
}

/* Put a sequence, the match of which is at index. */
FGZ_INLINE void put_sequence(sequence_writer *writer,
                             uint32_t (*counts)[FGZ_MAX_NCODES], uint32_t index,
                             uint32_t match_nbytes, uint32_t offset)
{
    uint32_t const nliterals = index - writer->done;
    uint32_t const offset_value = take_offset(writer, offset, nliterals);

    put_codes(writer->next, counts, nliterals, match_nbytes, offset_value);
    writer->next++;
    writer->literals += nliterals;
    writer->done = index + match_nbytes;
}

/* Copy the literals of the next sequence, of which index is the end; there are
 * COPIED_NBYTES after that. */
FGZ_INLINE void copy_literals(const sequence_writer *writer, uint32_t index)
{
    uint32_t const nliterals = index - writer->done;
    const uint8_t *const from = writer->in + writer->done;

    memcpy(writer->literals, from, COPIED_NBYTES);
    if (FGZ_UNLIKELY(nliterals > COPIED_NBYTES))
        for (uint32_t i = COPIED_NBYTES; i < nliterals; i += COPIED_NBYTES)
            memcpy(writer->literals + i, from + i, COPIED_NBYTES);
}

/* The same up to an index that may be near the end of the input. */
static void copy_last_literals(const sequence_writer *writer, uint32_t index)
{
    memcpy(writer->literals, writer->in + writer->done, index - writer->done);
}

/* Put what went through the stages.  A step begins far enough before the end of
 * the input, but what is left of one that is cut may be near it. */
FGZ_INLINE void put_runs_with(sequence_writer *into,
                              uint32_t (*counts)[FGZ_MAX_NCODES],
                              const fgz_parsed *parsed)
{
    sequence_writer writer = *into;

    for (unsigned k = 0; k < parsed->nruns; k++) {
        const fgz_run *const run = &parsed->runs[k];
        const fgz_step *const end = fgz_staged_keep_matches(run);

        if (run->cut != NULL && run->cut_nbytes >= FGZ_STAGED_MIN_MATCH) {
            copy_last_literals(&writer, (uint32_t)run->begin);
            put_sequence(&writer, counts, (uint32_t)run->begin,
                         (uint32_t)run->cut_nbytes,
                         fgz_step_distance(run->cut));
        }
        for (const fgz_step *step = run->first; step < end; step++) {
            uint32_t const index = (uint32_t)step->end - step->length;

            copy_literals(&writer, index);
            put_sequence(&writer, counts, index, step->length,
                         index - step->value);
        }
    }
    *into = writer;
}

/* By shifts that need not have their count in one register, and counts of
 * zeros. */
#if FGZ_CPU_DISPATCH && defined(__x86_64__)
__attribute__((target("avx2,bmi,bmi2,lzcnt"))) static FGZ_NOINLINE void
put_runs_bmi2(sequence_writer *into, uint32_t (*counts)[FGZ_MAX_NCODES],
              const fgz_parsed *parsed)
{
    put_runs_with(into, counts, parsed);
}
#endif

static FGZ_NOINLINE void put_runs(sequence_writer *into,
                                  uint32_t (*counts)[FGZ_MAX_NCODES],
                                  const fgz_parsed *parsed)
{
#if FGZ_CPU_DISPATCH && defined(__x86_64__)
    if ((fgz_cpu_features() & FGZ_CPU_BMI2) != 0) {
        put_runs_bmi2(into, counts, parsed);
        return;
    }
#endif
    put_runs_with(into, counts, parsed);
}

/* Put what the stages left, near the end of the input.  @return the index where
 * that ends. */
static size_t put_steps(sequence_writer *writer,
                        uint32_t (*counts)[FGZ_MAX_NCODES],
                        const fgz_parsed *parsed)
{
    size_t i = parsed->next;

    while (i < parsed->stop) {
        fgz_step const step = fgz_staged_step(parsed, &i);
        uint32_t const index = (uint32_t)i - step.length;

        if (step.length == 0)
            continue;
        copy_last_literals(writer, index);
        put_sequence(writer, counts, index, step.length, index - step.value);
    }
    return i;
}

/* How many bytes of what was put meanwhile are matches. */
static size_t matched_nbytes(const sequence_writer *former,
                             const sequence_writer *writer)
{
    return writer->done - former->done -
           (size_t)(writer->literals - former->literals);
}

fgz_sequences *fgz_sequences_create(void)
{
    static const fgz_finder_shape shape = {
        HEADS_MAX_NBITS, false, FGZ_STAGED_STEPS_COUNT(PART_NBYTES), 0};
    size_t const literals_nbytes = FGZ_SEQUENCES_MAX_NBYTES + 1 + COPIED_NBYTES;
    size_t const tables_nbytes =
        sizeof(uint16_t) *
        fgz_finder_lay_out(&(fgz_finder){0}, NULL, &shape, 0);
    size_t const list_nbytes = SEQUENCES_MAX_COUNT * sizeof(fgz_sequence);
    /* Rounded up, so that what follows is aligned. */
    size_t const head_nbytes = (sizeof(fgz_sequences) + 7) & ~(size_t)7;
    size_t const nbytes =
        head_nbytes + list_nbytes + tables_nbytes + literals_nbytes;
    fgz_sequences *const sequences = fgz_calloc(nbytes);

    if (sequences == NULL)
        return NULL;
    sequences->memory_nbytes = nbytes;
    sequences->list =
        (fgz_sequence *)(void *)((uint8_t *)sequences + head_nbytes);
    sequences->literals =
        (uint8_t *)sequences->list + list_nbytes + tables_nbytes;
    fgz_finder_lay_out(
        &sequences->finder,
        (uint16_t *)(void *)(sequences->list + SEQUENCES_MAX_COUNT), &shape, 0);
    return sequences;
}

bool fgz_sequences_find(fgz_sequences *sequences, const uint8_t *in,
                        size_t in_nbytes, unsigned hash_nbytes,
                        unsigned max_depth)
{
    fgz_finder *const finder = &sequences->finder;
    fgz_input const input = {in, in + in_nbytes, 0};
    fgz_staged_search const search = {hash_nbytes, max_depth, true, UINT32_MAX};
    sequence_writer writer = {
        sequences->list, sequences->literals, in, 0, {1, 4, 8}};
    const uint8_t *next = in;

    memset(sequences->counts, 0, sizeof(sequences->counts));
    fgz_finder_clear(finder, HEADS_MAX_NBITS, in_nbytes >> HEADS_SHIFT);
    /* Until it shows that it is not, so that little of noise is searched. */
    finder->is_barren = true;
    while (next < input.end) {
        size_t const nbytes =
            fgz_min_size((size_t)(input.end - next), PART_NBYTES);
        sequence_writer const former = writer;
        fgz_parsed parsed;

        if (writer.next + SEQUENCES_MAX_PER_PART >
            sequences->list + SEQUENCES_MAX_COUNT)
            return false;
        fgz_staged_begin_part(finder, &input, &search, next, next + nbytes,
                              &parsed);
        put_runs(&writer, sequences->counts, &parsed);
        finder->is_barren =
            parsed.staged_nbytes > 0 &&
            matched_nbytes(&former, &writer) <= parsed.staged_nbytes /
                                                    FGZ_STAGED_BARREN_DIVISOR *
                                                    FGZ_STAGED_MIN_MATCH;
        if (finder->is_barren && next == in)
            return false;
        next = fgz_staged_end_part(
            finder, &parsed, put_steps(&writer, sequences->counts, &parsed));
    }
    copy_last_literals(&writer, (uint32_t)in_nbytes);
    sequences->count = (size_t)(writer.next - sequences->list);
    sequences->nliterals = (size_t)(writer.literals - sequences->literals) +
                           in_nbytes - writer.done;
    return true;
}
