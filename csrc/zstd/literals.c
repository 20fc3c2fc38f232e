/*
 * The literals section: Huffman codes, what describes them, and the literals in
 * one stream or in four; or the literals as they are, where that is no longer.
 */
#include "literals.h"

#include "../cpu.h"
#include "../entropy/huffman.h"
#include "fse.h"

/* Section 4.2.1: the longest code. */
#define MAX_NBITS 11

/* Fewer literals save nothing that the description of codes would not take. */
#define MIN_CODED_COUNT 32

/* Up to so many are in one stream, which saves the lengths of four and their
 * ends, some 9 bytes.  The format allows no more. */
#define ONE_STREAM_MAX_COUNT 1023

/* What the lengths of the first three of four streams take. */
#define JUMP_TABLE_NBYTES 6

/* The most that a description takes, its first byte included; and what its
 * writer may write, as it flushes words. */
#define DESCRIPTION_MAX_NBYTES 128
#define DESCRIPTION_ROOM_NBYTES (2 * DESCRIPTION_MAX_NBYTES)

/* The most that is written beyond the end of a stream. */
#define SLACK_NBYTES 8

/* Literals_Block_Type. */
enum { RAW_LITERALS, RLE_LITERALS, CODED_LITERALS };

/* A code as it is written. */
typedef struct literal_code {
    uint16_t bits;
    uint16_t nbits;
} literal_code;

/* The codes of all literals, and what they come to. */
typedef struct literals_coding {
    literal_code codes[256];
    uint8_t weights[256 + 1];
    unsigned nweights; /* without the last one, which follows from the others */
    uint32_t total_nbits;
} literals_coding;

/* How often each literal occurs: four tables, so that one does not wait for the
 * other where equal ones are close together. */
static void count_literals(const uint8_t *literals, size_t count,
                           uint32_t *freqs)
{
    uint16_t counts[4][256] = {{0}};
    size_t i = 0;

    for (; i + 8 <= count; i += 8) {
        uint64_t const bytes = fgz_load_le64(literals + i);

        for (unsigned k = 0; k < 8; k++)
            counts[k % 4][(uint8_t)(bytes >> 8 * k)]++;
    }
    for (; i < count; i++)
        counts[0][literals[i]]++;
    for (unsigned sym = 0; sym < 256; sym++)
        freqs[sym] = (uint32_t)counts[0][sym] + counts[1][sym] +
                     counts[2][sym] + counts[3][sym];
}

/* No code is longer.  The limit follows the count of literals, so that those
 * that occur once share a few lengths, which take less to describe: .3 % below
 * 1.5 KB.  It leaves an eighth of all codes to spare. */
static unsigned max_nbits(size_t count, unsigned nused)
{
    unsigned nbits = fgz_highest_bit32((uint32_t)count - 1) - 1;

    nbits = nbits < 5 ? 5 : nbits;
    while (8 * nused > 7u << nbits)
        nbits++;
    return nbits < MAX_NBITS ? nbits : MAX_NBITS;
}

/*
 * Find the codes of literals of which at least two differ.
 *
 * Section 4.2.1.3: the longest come first, those of a length in the order of
 * their literals; the weight of a length is how much shorter it is than the
 * longest, and 1, and no weight is 0.
 */
static void find_codes(literals_coding *coding, const uint32_t *freqs,
                       size_t count)
{
    fgz_huffman_tree tree;
    fgz_huffman_code lengths;
    uint16_t next_bits[MAX_NBITS + 1];
    unsigned bits = 0;
    unsigned longest;

    fgz_huffman_grow(&tree, freqs, 256);
    longest = max_nbits(count, tree.used_count);
    fgz_huffman_limit(&lengths, &tree, 256, longest);
    while (lengths.length_counts[longest] == 0)
        longest--;
    for (unsigned nbits = longest; nbits > 0; nbits--) {
        next_bits[nbits] = (uint16_t)bits;
        bits = (bits + lengths.length_counts[nbits]) >> 1;
    }
    coding->nweights = lengths.used[lengths.used_count - 1];
    memset(coding->weights, 0, coding->nweights + 2);
    coding->total_nbits = 0;
    for (unsigned i = 0; i < lengths.used_count; i++) {
        unsigned const sym = lengths.used[i];
        unsigned const nbits = lengths.lengths[sym];

        coding->codes[sym] =
            (literal_code){next_bits[nbits]++, (uint16_t)nbits};
        coding->weights[sym] = (uint8_t)(longest + 1 - nbits);
        coding->total_nbits += freqs[sym] * nbits;
    }
    coding->weights[coding->nweights] = 0;
}

/* ---- What describes the codes ---- */

/*
 * Section 4.2.1.2: weights by two states in turn.  States are few, as a
 * description of more takes what they save.
 *
 * @return after them; NULL where they are all the same.
 */
static uint8_t *write_weights(uint8_t *next, const uint8_t *weights,
                              unsigned count)
{
    uint32_t counts[MAX_NBITS + 1] = {0};
    fgz_fse_distribution distribution;
    fgz_fse_table table;
    fgz_bitwriter out = {0};
    unsigned nsyms = MAX_NBITS + 1;
    uint32_t states[2];
    unsigned i = count;

    for (unsigned k = 0; k < count; k++)
        counts[weights[k]]++;
    while (counts[nsyms - 1] == 0)
        nsyms--;
    if (counts[nsyms - 1] == count)
        return NULL;
    fgz_fse_distribute(&distribution, counts, nsyms, count, FGZ_FSE_MIN_LOG);
    fgz_fse_build(&table, &distribution);
    out.next = fgz_fse_describe(next, &distribution);

    for (; i > count - 2; i--)
        states[(i - 1) % 2] = fgz_fse_begin(&table, weights[i - 1]);
    while (i-- > 0) {
        uint32_t const state = states[i % 2];
        unsigned nbits;

        states[i % 2] = fgz_fse_previous(&table, state, weights[i], &nbits);
        fgz_bits_put(&out, fgz_low_bits(state, nbits), nbits);
        fgz_bits_flush_fast(&out);
    }
    fgz_bits_put(&out, fgz_low_bits(states[1], table.log), table.log);
    fgz_bits_put(&out, fgz_low_bits(states[0], table.log), table.log);
    fgz_fse_end(&out);
    return out.next;
}

/*
 * Section 4.2.1: describe the codes, by four bits for each weight if that is
 * shorter and possible.  There is room for DESCRIPTION_ROOM_NBYTES.
 *
 * @return how many bytes that takes; 0 if neither way is possible.
 */
static size_t describe_codes(uint8_t *description,
                             const literals_coding *coding)
{
    const uint8_t *const weights = coding->weights;
    unsigned const count = coding->nweights;
    unsigned const direct_nbytes = (count + 1) / 2;
    const uint8_t *const end =
        count < 2 ? NULL : write_weights(description + 1, weights, count);
    size_t const nbytes =
        end == NULL ? SIZE_MAX : (size_t)(end - description) - 1;

    if (count <= 128 && direct_nbytes <= nbytes) {
        description[0] = (uint8_t)(127 + count);
        for (unsigned i = 0; i < count; i += 2)
            description[1 + i / 2] =
                (uint8_t)(weights[i] << 4 | weights[i + 1]);
        return 1 + direct_nbytes;
    }
    if (nbytes >= DESCRIPTION_MAX_NBYTES)
        return 0;
    description[0] = (uint8_t)nbytes;
    return 1 + nbytes;
}

/* ---- Streams ---- */

FGZ_INLINE void put_literal(fgz_bitwriter *out, const literal_code *codes,
                            uint8_t literal)
{
    fgz_bits_put(out, codes[literal].bits, codes[literal].nbits);
}

/*
 * Section 4.2.2: a stream of literals, the last first.  Five of them and what
 * waits fit in the word of the writer.
 *
 * @return after it; SLACK_NBYTES beyond may be overwritten.
 */
FGZ_INLINE uint8_t *write_stream_with(uint8_t *next, const uint8_t *literals,
                                      size_t count, const literal_code *codes)
{
    fgz_bitwriter out = {0, 0, next, NULL};
    const uint8_t *literal = literals + count;

    for (size_t i = count % 5; i > 0; i--)
        put_literal(&out, codes, *--literal);
    fgz_bits_flush_fast(&out);
    for (; literal > literals; literal -= 5) {
        put_literal(&out, codes, literal[-1]);
        put_literal(&out, codes, literal[-2]);
        put_literal(&out, codes, literal[-3]);
        put_literal(&out, codes, literal[-4]);
        put_literal(&out, codes, literal[-5]);
        fgz_bits_flush_fast(&out);
    }
    fgz_fse_end(&out);
    return out.next;
}

#if FGZ_CPU_DISPATCH && defined(__x86_64__)
__attribute__((target("bmi,bmi2"))) static uint8_t *write_stream_bmi2(
    uint8_t *next, const uint8_t *literals, size_t count,
    const literal_code *codes)
{
    return write_stream_with(next, literals, count, codes);
}
#endif

static uint8_t *write_stream(uint8_t *next, const uint8_t *literals,
                             size_t count, const literal_code *codes)
{
#if FGZ_CPU_DISPATCH && defined(__x86_64__)
    if ((fgz_cpu_features() & FGZ_CPU_BMI2) != 0)
        return write_stream_bmi2(next, literals, count, codes);
#endif
    return write_stream_with(next, literals, count, codes);
}

/* Four streams of a quarter each, rounded up, and before them how long the
 * first three are. */
static uint8_t *write_four_streams(uint8_t *next, const uint8_t *literals,
                                   size_t count, const literal_code *codes)
{
    size_t const quarter = (count + 3) / 4;
    uint8_t *jump = next;

    next += JUMP_TABLE_NBYTES;
    for (unsigned k = 0; k < 3; k++) {
        uint8_t *const end =
            write_stream(next, literals + k * quarter, quarter, codes);

        *jump++ = (uint8_t)(end - next);
        *jump++ = (uint8_t)((end - next) >> 8);
        next = end;
    }
    return write_stream(next, literals + 3 * quarter, count - 3 * quarter,
                        codes);
}

/* ---- The section ---- */

static uint8_t *put_header(uint8_t *next, uint64_t header, unsigned nbytes)
{
    for (unsigned i = 0; i < nbytes; i++)
        *next++ = (uint8_t)(header >> 8 * i);
    return next;
}

/* Write literals as they are, or the one that they all are. */
static uint8_t *write_plain(uint8_t *next, const uint8_t *end,
                            const uint8_t *literals, size_t count,
                            unsigned block_type)
{
    size_t const nbytes = block_type == RLE_LITERALS ? 1 : count;

    if ((size_t)(end - next) < 3 + nbytes)
        return NULL;
    if (count < 32)
        next = put_header(next, block_type | count << 3, 1);
    else if (count < 4096)
        next = put_header(next, block_type | 1 << 2 | count << 4, 2);
    else
        next = put_header(next, block_type | 3 << 2 | count << 4, 3);
    if (nbytes > 0)
        memcpy(next, literals, nbytes);
    return next + nbytes;
}

/* The header of coded literals, section 3.1.1.3.1.1. */
static void put_coded_header(uint8_t *header, size_t count, size_t coded_nbytes)
{
    unsigned const size_format = count <= ONE_STREAM_MAX_COUNT ? 0 :
                                 count < 16384                 ? 2 :
                                                                 3;
    unsigned const size_nbits = size_format == 0 ? 10 :
                                size_format == 2 ? 14 :
                                                   18;

    put_header(header,
               CODED_LITERALS | size_format << 2 | (uint64_t)count << 4 |
                   (uint64_t)coded_nbytes << (4 + size_nbits),
               (4 + 2 * size_nbits) / 8);
}

uint8_t *fgz_literals_write(uint8_t *next, const uint8_t *end,
                            const uint8_t *literals, size_t count)
{
    bool const is_one_stream = count <= ONE_STREAM_MAX_COUNT;
    size_t const header_nbytes = is_one_stream ? 3 : count < 16384 ? 4 : 5;
    uint8_t *const begin = next;
    uint8_t description[DESCRIPTION_ROOM_NBYTES];
    uint32_t freqs[256];
    literals_coding coding;
    size_t description_nbytes;
    size_t max_nbytes; /* that codes take */

    if (count < MIN_CODED_COUNT)
        return write_plain(next, end, literals, count, RAW_LITERALS);
    count_literals(literals, count, freqs);
    if (freqs[literals[0]] == count)
        return write_plain(next, end, literals, count, RLE_LITERALS);
    find_codes(&coding, freqs, count);
    description_nbytes = describe_codes(description, &coding);
    /* Each stream has an end, and may have a byte that is not full. */
    max_nbytes = header_nbytes + description_nbytes + coding.total_nbits / 8 +
                 (is_one_stream ? 2 : JUMP_TABLE_NBYTES + 4 * 2);
    if (description_nbytes == 0 || max_nbytes >= count)
        return write_plain(next, end, literals, count, RAW_LITERALS);
    if ((size_t)(end - next) < max_nbytes + SLACK_NBYTES)
        return NULL;
    next += header_nbytes;
    memcpy(next, description, description_nbytes);
    next += description_nbytes;
    next = is_one_stream ?
               write_stream(next, literals, count, coding.codes) :
               write_four_streams(next, literals, count, coding.codes);
    put_coded_header(begin, count, (size_t)(next - begin) - header_nbytes);
    return next;
}
