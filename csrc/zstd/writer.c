/*
 * Frames of one compressed block: its header, the literals (literals.c), and
 * the sequences, which are here.
 *
 * A sequence is three codes and their extra bits.  For each kind of code the
 * least of three ways is taken: the predefined table, for which nothing is to
 * be described or built, and which is as good for few sequences as one of their
 * own; such a one; or a single code that all sequences have.  Then the
 * sequences are written from the last to the first, since that is how the
 * states of FSE go; a decoder reads them from the end.
 */
#include "writer.h"

#include "../cpu.h"
#include "literals.h"
#include "constants.h"

/* Section 3.1.1: Magic_Number; a header that has Single_Segment_Flag and
 * Frame_Content_Size of 1 or 2 bytes. */
#define MAGIC_NUMBER 0xfd2fb528u
#define DESCRIPTOR_SIZE_1 0x20
#define DESCRIPTOR_SIZE_2 0x60
#define FRAME_HEADER_MAX_NBYTES 7

#define BLOCK_HEADER_NBYTES 3
#define LAST_BLOCK 1
#define COMPRESSED_BLOCK (2 << 1)

/* What comes before the bits of sequences takes no more: their count, modes,
 * and descriptions. */
#define SEQUENCES_HEADER_MAX_NBYTES \
    (2 + 1 + FGZ_NCODE_KINDS * FGZ_FSE_DESCRIPTION_MAX_NBYTES)

/* What is written of a sequence at most: two words, the first of which moves
 * the second on by no more than 7 bytes; and the words at the end. */
#define SEQUENCE_MAX_NBYTES 16

/* Symbol_Compression_Modes. */
typedef enum fgz_code_mode {
    PREDEFINED_MODE,
    RLE_MODE,
    FSE_COMPRESSED_MODE
} fgz_code_mode;

/* With fewer sequences no table of their own is tried. */
#define MIN_TABLE_COUNT 16

/* What the description of a table takes for each code that occurs, at least, in
 * 256ths of a bit: where that is more than it saves, it is not written. */
#define DESCRIBED_CODE_COST (4 * 256)

static uint8_t *put_frame_header(uint8_t *next, size_t in_nbytes)
{
    fgz_store_le32(next, MAGIC_NUMBER);
    next += 4;
    if (in_nbytes < 256) {
        *next++ = DESCRIPTOR_SIZE_1;
        *next++ = (uint8_t)in_nbytes;
    } else {
        *next++ = DESCRIPTOR_SIZE_2;
        *next++ = (uint8_t)(in_nbytes - 256);
        *next++ = (uint8_t)((in_nbytes - 256) >> 8);
    }
    return next;
}

static void put_block_header(uint8_t *header, size_t nbytes)
{
    header[0] = (uint8_t)(LAST_BLOCK | COMPRESSED_BLOCK | nbytes << 3);
    header[1] = (uint8_t)(nbytes >> 5);
    header[2] = (uint8_t)(nbytes >> 13);
}

/* ---- Tables ---- */

/* How many states a table of so many sequences has, as a power of 2; they are
 * more than codes occur. */
static unsigned table_log(size_t count, unsigned nused)
{
    unsigned log = fgz_highest_bit32((uint32_t)count - 1) - 1;

    /* With half as many 1.5 to 4 KB take .4 % more, with twice .2 %. */
    log = log < FGZ_FSE_MIN_LOG ? FGZ_FSE_MIN_LOG : log;
    while (4 * nused > 3u << log)
        log++;
    return log < FGZ_FSE_MAX_LOG ? log : FGZ_FSE_MAX_LOG;
}

/*
 * Choose the table of a kind of code, and write what describes it, for which
 * there is room for FGZ_FSE_DESCRIPTION_MAX_NBYTES.
 *
 * @return after it.
 */
static uint8_t *choose_table(uint8_t *next, const fgz_sequences *sequences,
                             fgz_code_kind kind, fgz_fse_table *table,
                             fgz_code_mode *mode)
{
    const fgz_fse_distribution *const predefined =
        &fgz_predefined_distributions[kind];
    const uint32_t *const counts = sequences->counts[kind];
    uint32_t const total = (uint32_t)sequences->count;
    unsigned ncodes = predefined->nsyms;
    unsigned nused = 0;
    uint32_t predefined_cost;

    while (counts[ncodes - 1] == 0)
        ncodes--;
    for (unsigned code = 0; code < ncodes; code++)
        nused += counts[code] != 0;
    predefined_cost = fgz_fse_cost(predefined, counts, ncodes, total);
    if (nused == 1 && 8 * 256 < predefined_cost) {
        *mode = RLE_MODE;
        fgz_fse_build_single(table, ncodes - 1);
        *next++ = (uint8_t)(ncodes - 1);
        return next;
    }
    if (nused > 1 && total >= MIN_TABLE_COUNT) {
        fgz_fse_distribution own;
        uint32_t cost;

        fgz_fse_distribute(&own, counts, ncodes, total,
                           table_log(total, nused));
        cost = fgz_fse_cost(&own, counts, ncodes, total);
        if (cost + nused * DESCRIBED_CODE_COST < predefined_cost) {
            uint8_t *const end = fgz_fse_describe(next, &own);

            if (cost + (uint32_t)(end - next) * 8 * 256 < predefined_cost) {
                *mode = FSE_COMPRESSED_MODE;
                fgz_fse_build(table, &own);
                return end;
            }
        }
    }
    *mode = PREDEFINED_MODE;
    /* A copy: all three are then found by one address. */
    *table = fgz_predefined_tables[kind];
    return next;
}

/* Choose all three, and write which they are and what describes them. */
static uint8_t *choose_tables(uint8_t *next, const fgz_sequences *sequences,
                              fgz_fse_table *tables)
{
    fgz_code_mode modes[FGZ_NCODE_KINDS];
    uint8_t *const modes_byte = next++;

    for (unsigned kind = 0; kind < FGZ_NCODE_KINDS; kind++)
        next = choose_table(next, sequences, (fgz_code_kind)kind, &tables[kind],
                            &modes[kind]);
    *modes_byte =
        (uint8_t)(modes[FGZ_LITERALS_LENGTHS] << 6 | modes[FGZ_OFFSETS] << 4 |
                  modes[FGZ_MATCH_LENGTHS] << 2);
    return next;
}

/* ---- Sequences ---- */

FGZ_INLINE void put_state(fgz_bitwriter *out, const fgz_fse_table *table,
                          uint32_t state)
{
    fgz_bits_put(out, fgz_low_bits(state, table->log), table->log);
}

/*
 * Section 3.1.1.3.2.1.2: write sequences from the last to the first.
 *
 * The bits of states are up to 8 each, the extra bits up to 46; so with the 7
 * that may wait both fit in a word, unless the extra bits are more than most
 * are.
 *
 * @return after them; NULL if there may be too little room up to end.
 */
FGZ_INLINE uint8_t *write_bits_with(uint8_t *next, const uint8_t *end,
                                    const fgz_sequences *sequences,
                                    const fgz_fse_table *tables)
{
    const fgz_fse_table *const lengths = &tables[FGZ_LITERALS_LENGTHS];
    const fgz_fse_table *const offsets = &tables[FGZ_OFFSETS];
    const fgz_fse_table *const matches = &tables[FGZ_MATCH_LENGTHS];
    const fgz_sequence *const list = sequences->list;
    const fgz_sequence *const last = &list[sequences->count - 1];
    uint32_t length = fgz_fse_begin(lengths, last->literals_code);
    uint32_t offset = fgz_fse_begin(offsets, last->offset_code);
    uint32_t match = fgz_fse_begin(matches, last->match_code);
    const uint8_t *const last_next = end - SEQUENCE_MAX_NBYTES;
    fgz_bitwriter out = {0, 0, next, NULL};

    fgz_bits_put(&out, last->extra, last->extra_nbits);
    fgz_bits_flush_fast(&out);
    for (size_t i = sequences->count - 1; i-- > 0;) {
        const fgz_sequence *const sequence = &list[i];
        unsigned length_nbits, offset_nbits, match_nbits;
        uint32_t const length_before = fgz_fse_previous(
            lengths, length, sequence->literals_code, &length_nbits);
        uint32_t const offset_before = fgz_fse_previous(
            offsets, offset, sequence->offset_code, &offset_nbits);
        uint32_t const match_before = fgz_fse_previous(
            matches, match, sequence->match_code, &match_nbits);
        uint64_t const bits = fgz_low_bits(offset, offset_nbits) |
                              fgz_low_bits(match, match_nbits) << offset_nbits |
                              fgz_low_bits(length, length_nbits)
                                  << (offset_nbits + match_nbits);
        unsigned const nbits = offset_nbits + match_nbits + length_nbits;
        unsigned const extra_nbits = sequence->extra_nbits;

        if (FGZ_UNLIKELY(out.next > last_next))
            return NULL;
        fgz_bits_put(&out, bits, nbits);
        if (FGZ_UNLIKELY(out.nbits + extra_nbits > 63))
            fgz_bits_flush_fast(&out);
        fgz_bits_put(&out, sequence->extra, extra_nbits);
        fgz_bits_flush_fast(&out);
        length = length_before;
        offset = offset_before;
        match = match_before;
    }
    if (out.next > last_next)
        return NULL;
    put_state(&out, matches, match);
    put_state(&out, offsets, offset);
    put_state(&out, lengths, length);
    fgz_fse_end(&out);
    return out.next;
}

#if FGZ_CPU_DISPATCH && defined(__x86_64__)
__attribute__((target("bmi,bmi2"))) static FGZ_NOINLINE uint8_t *
write_bits_bmi2(uint8_t *next, const uint8_t *end,
                const fgz_sequences *sequences, const fgz_fse_table *tables)
{
    return write_bits_with(next, end, sequences, tables);
}
#endif

static uint8_t *write_bits(uint8_t *next, const uint8_t *end,
                           const fgz_sequences *sequences,
                           const fgz_fse_table *tables)
{
#if FGZ_CPU_DISPATCH && defined(__x86_64__)
    if ((fgz_cpu_features() & FGZ_CPU_BMI2) != 0)
        return write_bits_bmi2(next, end, sequences, tables);
#endif
    return write_bits_with(next, end, sequences, tables);
}

/* Section 3.1.1.3.2.  @return after it; NULL if there may be too little room.
 */
static uint8_t *write_sequences(uint8_t *next, const uint8_t *end,
                                const fgz_sequences *sequences)
{
    size_t const count = sequences->count;
    fgz_fse_table tables[FGZ_NCODE_KINDS];
    uint8_t header[SEQUENCES_HEADER_MAX_NBYTES];
    uint8_t *header_end = header;

    if (count < 128) {
        *header_end++ = (uint8_t)count;
    } else {
        *header_end++ = (uint8_t)((count >> 8) + 128);
        *header_end++ = (uint8_t)count;
    }
    if (count > 0)
        header_end = choose_tables(header_end, sequences, tables);
    if (end - next < header_end - header + SEQUENCE_MAX_NBYTES)
        return NULL;
    memcpy(next, header, (size_t)(header_end - header));
    next += header_end - header;
    return count > 0 ? write_bits(next, end, sequences, tables) : next;
}

/* ---- The frame ---- */

size_t fgz_sequences_write(const fgz_sequences *sequences, size_t in_nbytes,
                           uint8_t *out, size_t out_nbytes_avail)
{
    const uint8_t *const end = out + out_nbytes_avail;
    uint8_t *next = out;
    uint8_t *header;

    if (out_nbytes_avail < FRAME_HEADER_MAX_NBYTES + BLOCK_HEADER_NBYTES)
        return 0;
    next = put_frame_header(next, in_nbytes);
    header = next;
    next = fgz_literals_write(next + BLOCK_HEADER_NBYTES, end,
                              sequences->literals, sequences->nliterals);
    if (next != NULL)
        next = write_sequences(next, end, sequences);
    if (next == NULL || (size_t)(next - out) >= in_nbytes)
        return 0;
    put_block_header(header, (size_t)(next - header) - BLOCK_HEADER_NBYTES);
    return (size_t)(next - out);
}
