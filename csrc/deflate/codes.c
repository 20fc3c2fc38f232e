/*
 * The codes of a dynamic block, and how its header tells them: the lengths of
 * both codes are one sequence, which is run-length coded, with a third code for
 * lengths and runs, whose lengths come first.
 */
#include "codes.h"

/* RFC 1951, section 3.2.7: the alphabet of code lengths, and how the lengths
 * of its own code are ordered and limited. */
#define PRECODE_NSYMS 19
#define PRECODE_MAX_NBITS 7
#define PRECODE_COPY_PREVIOUS 16 /* 3 to 6 times, 2 extra bits */
#define PRECODE_ZEROS_SHORT 17   /* 3 to 10 times, 3 extra bits */
#define PRECODE_ZEROS_LONG 18    /* 11 to 138 times, 7 extra bits */

static const uint8_t precode_order[PRECODE_NSYMS] = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
static const uint8_t precode_extra_nbits[PRECODE_NSYMS] = {
    [PRECODE_COPY_PREVIOUS] = 2,
    [PRECODE_ZEROS_SHORT] = 3,
    [PRECODE_ZEROS_LONG] = 7,
};

/*
 * The least limit on the lengths of literal/length codes.  A lower one, for
 * even shorter blocks, costs them more in codes than it saves in header.
 */
#define LITLEN_MIN_MAX_NBITS 6

/* The most bits that one of the runs takes. */
#define RUN_MAX_NBITS (PRECODE_MAX_NBITS + 7)

/* Room for the lengths of both codes, and for what is read beyond them. */
#define LENGTHS_NBYTES 328

/*
 * Which of 64 lengths are followed by another one; the first is the lowest bit.
 * Reads one length more.
 */
static uint64_t find_ends(const uint8_t *lengths)
{
    uint64_t ends = 0;

    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t const differences =
            fgz_load_le64(lengths + i) ^ fgz_load_le64(lengths + i + 1);
        /* All are below 128, so that no sum carries into the next byte; the
         * product gathers the highest bits of the bytes in the highest byte. */
        uint64_t const is_end =
            (differences + 0x7f7f7f7f7f7f7f7f) >> 7 & 0x0101010101010101;

        ends |= is_end * 0x0102040810204080 >> 56 << i;
    }
    return ends;
}

/*
 * Code count lengths of one kind, at least 1; next is where.
 *
 * Lengths other than 0 come once by themselves, then as a copy of the previous
 * one; and what is too short for any of the three symbols of repetition is
 * said one by one.  Which case it is has no pattern, so all cases take the same
 * way, but for those longer than one symbol says.
 *
 * @return where the next goes; up to two beyond may have been written to.
 */
FGZ_INLINE uint16_t *put_run(uint16_t *next, uint32_t *precode_freqs,
                             uint8_t length, unsigned count)
{
    unsigned const nleading = length != 0;
    unsigned const max_count = length != 0 ? 6 : 138;
    unsigned rest = count - nleading;
    unsigned sym, min_count;

    *next = length;
    next += nleading;
    for (; FGZ_UNLIKELY(rest > max_count); rest -= max_count) {
        sym = length != 0 ? PRECODE_COPY_PREVIOUS : PRECODE_ZEROS_LONG;
        min_count = length != 0 ? 3 : 11;
        *next++ = (uint16_t)(sym | (max_count - min_count) << 5);
        precode_freqs[sym]++;
    }
    sym = rest < 11 ? PRECODE_ZEROS_SHORT : PRECODE_ZEROS_LONG;
    min_count = rest < 11 ? 3 : 11;
    sym = length != 0 ? PRECODE_COPY_PREVIOUS : sym;
    {
        unsigned const is_repeated = rest >= 3;
        unsigned const nsingle = is_repeated ? 0 : rest;

        next[0] =
            (uint16_t)(is_repeated ? sym | (rest - min_count) << 5 : length);
        next[1] = length;
        precode_freqs[length] += nleading + nsingle;
        precode_freqs[sym] += is_repeated;
        return next + is_repeated + nsingle;
    }
}

/* Code count lengths with n symbols of repetition, each of at least min_count;
 * next as in put_run. */
static uint16_t *put_repeats(uint16_t *next, uint32_t *precode_freqs,
                             unsigned sym, unsigned n, unsigned count,
                             unsigned min_count, unsigned max_count)
{
    precode_freqs[sym] += n;
    while (n-- > 0) {
        unsigned const room = count - n * min_count;
        unsigned const taken = room < max_count ? room : max_count;

        *next++ = (uint16_t)(sym | (taken - min_count) << 5);
        count -= taken;
    }
    return next;
}

/*
 * As put_run, but for the least cost, given what each symbol of the
 * description costs.
 *
 * What n symbols of one kind save is the more the more they cover; so for each
 * count of both kinds there is one best way.
 */
static uint16_t *put_run_for(uint16_t *next, uint32_t *precode_freqs,
                             const uint8_t *costs, uint8_t length,
                             unsigned count)
{
    unsigned const sym =
        length != 0 ? PRECODE_COPY_PREVIOUS : PRECODE_ZEROS_SHORT;
    unsigned const max_count = length != 0 ? 6 : 10;
    unsigned const rest = count - (length != 0);
    unsigned const max_nlong = length != 0 ? 0 : rest / 11;
    unsigned best_cost = UINT32_MAX;
    unsigned best_n = 0;
    unsigned best_nlong = 0;
    unsigned nshort_covered, nlong_covered;

    for (unsigned nlong = 0; nlong <= max_nlong && nlong <= 3; nlong++)
        for (unsigned n = 0; 11 * nlong + 3 * n <= rest; n++) {
            unsigned const most = 138 * nlong + max_count * n;
            unsigned const nsingle = rest > most ? rest - most : 0;
            unsigned const cost = nlong * costs[PRECODE_ZEROS_LONG] +
                                  n * costs[sym] + nsingle * costs[length];

            if (cost < best_cost) {
                best_cost = cost;
                best_n = n;
                best_nlong = nlong;
            }
            if (nsingle == 0)
                break;
        }

    if (length != 0)
        *next++ = length;
    nlong_covered = rest - 3 * best_n;
    if (nlong_covered > 138 * best_nlong)
        nlong_covered = 138 * best_nlong;
    nshort_covered = rest - nlong_covered;
    if (nshort_covered > max_count * best_n)
        nshort_covered = max_count * best_n;
    next = put_repeats(next, precode_freqs, PRECODE_ZEROS_LONG, best_nlong,
                       nlong_covered, 11, 138);
    next = put_repeats(next, precode_freqs, sym, best_n, nshort_covered, 3,
                       max_count);
    for (unsigned i = nlong_covered + nshort_covered; i < rest; i++)
        *next++ = length;
    precode_freqs[length] += count - nlong_covered - nshort_covered;
    return next;
}

/* Run-length code the lengths of both codes, which are one sequence; costs, if
 * not NULL, are those of the symbols of the description. */
FGZ_INLINE void find_runs(fgz_dynamic_codes *codes, uint32_t *precode_freqs,
                          const uint8_t *costs)
{
    uint8_t lengths[LENGTHS_NBYTES];
    unsigned const count = codes->litlen_count + codes->distance_count;
    uint16_t *next = codes->runs;
    unsigned begin = 0;

    memcpy(lengths, codes->litlen.lengths, codes->litlen_count);
    memcpy(lengths + codes->litlen_count, codes->distance.lengths,
           codes->distance_count);
    /* One that no code has ends the last run, and has no end itself. */
    memset(lengths + count, FGZ_HUFFMAN_MAX_NBITS + 1, sizeof(lengths) - count);
    for (unsigned i = 0; i < count; i += 64)
        for (uint64_t ends = find_ends(lengths + i); ends != 0;
             ends &= ends - 1) {
            unsigned const end = i + fgz_lowest_bit64(ends) + 1;

            next = costs != NULL ? put_run_for(next, precode_freqs, costs,
                                               lengths[begin], end - begin) :
                                   put_run(next, precode_freqs, lengths[begin],
                                           end - begin);
            begin = end;
        }
    codes->run_count = (unsigned)(next - codes->runs);
}

/* One more than the last symbol that has a code, but at least min_count. */
static unsigned count_lengths(const fgz_huffman_code *code, unsigned min_count)
{
    unsigned const count = code->used[code->used_count - 1] + 1u;

    return count < min_count ? min_count : count;
}

/*
 * Describe the lengths of both codes; costs as in find_runs.
 *
 * @return the bits that the description takes.
 */
FGZ_INLINE uint64_t describe_with(fgz_dynamic_codes *codes,
                                  const uint8_t *costs)
{
    uint32_t precode_freqs[PRECODE_NSYMS] = {0};
    const uint8_t *const precode_lengths = codes->precode.lengths;
    uint64_t nbits;

    find_runs(codes, precode_freqs, costs);
    fgz_huffman_build(&codes->precode, precode_freqs, PRECODE_NSYMS,
                      PRECODE_MAX_NBITS);
    codes->precode_count = PRECODE_NSYMS;
    while (codes->precode_count > 4 &&
           precode_lengths[precode_order[codes->precode_count - 1]] == 0)
        codes->precode_count--;

    nbits = 5 + 5 + 4 + 3 * codes->precode_count;
    for (unsigned sym = 0; sym < PRECODE_NSYMS; sym++)
        nbits += (uint64_t)precode_freqs[sym] *
                 (precode_lengths[sym] + precode_extra_nbits[sym]);
    return nbits;
}

static uint64_t describe(fgz_dynamic_codes *codes)
{
    codes->litlen_count = count_lengths(&codes->litlen, FGZ_FIRST_LENGTH_SYM);
    codes->distance_count = count_lengths(&codes->distance, 1);
    return describe_with(codes, NULL);
}

/*
 * How long literal/length codes may be.
 *
 * A symbol that occurs once in n deserves log2(n) bits.  With one bit less the
 * rare ones share a few lengths, which the header says in fewer bits than they
 * cost: -0.6 % of a body below 1.5 KB, -0.3 % below 4, -0.15 % below 16 and
 * nothing above 128 KB, at levels 1, 3, 6 and 9.  Another bit less is worse
 * everywhere.  Where so many symbols occur that they would fill more than 3/4
 * of the codes of that length, what is frequent would have to give.
 */
static unsigned limit_litlen(const fgz_huffman_tree *tree)
{
    uint32_t const nsyms = tree->total | 2u << LITLEN_MIN_MAX_NBITS;
    unsigned max_nbits = fgz_highest_bit32(nsyms) - 1;

    if (max_nbits > FGZ_LITLEN_MAX_NBITS)
        max_nbits = FGZ_LITLEN_MAX_NBITS;
    while (4 * tree->used_count > 3u << max_nbits)
        max_nbits++;
    return max_nbits;
}

uint64_t fgz_codes_build(fgz_dynamic_codes *codes, const fgz_histogram *freqs)
{
    fgz_huffman_tree tree;

    fgz_huffman_grow(&tree, freqs->litlen, FGZ_LITLEN_NSYMS);
    fgz_huffman_assign(&codes->litlen, &tree, FGZ_LITLEN_NSYMS,
                       limit_litlen(&tree));
    fgz_huffman_build(&codes->distance, freqs->distance, FGZ_DISTANCE_NSYMS,
                      FGZ_DISTANCE_MAX_NBITS);
    return describe(codes);
}

/* ---- Search ---- */

/* What the symbols take, without their extra bits. */
static uint64_t cost_symbols(const fgz_huffman_code *code,
                             const uint32_t *freqs)
{
    uint64_t nbits = 0;

    for (unsigned i = 0; i < code->used_count; i++)
        nbits += (uint64_t)freqs[code->used[i]] * code->lengths[code->used[i]];
    return nbits;
}

/*
 * Describe the lengths anew, which takes header_nbits now, by what the symbols
 * of that description cost; and again, up to nrounds times, while that makes it
 * shorter, which it does not more than twice.
 *
 * @return the bits that the description takes.
 */
static uint64_t shorten_description(fgz_dynamic_codes *codes,
                                    uint64_t header_nbits, unsigned nrounds)
{
    for (unsigned round = 0; round < nrounds; round++) {
        fgz_dynamic_codes tried = *codes;
        uint8_t costs[PRECODE_NSYMS];
        uint64_t tried_nbits;

        for (unsigned sym = 0; sym < PRECODE_NSYMS; sym++) {
            unsigned const nbits = codes->precode.lengths[sym];

            costs[sym] = (uint8_t)((nbits != 0 ? nbits : PRECODE_MAX_NBITS) +
                                   precode_extra_nbits[sym]);
        }
        tried_nbits = describe_with(&tried, costs);
        if (tried_nbits >= header_nbits)
            break;
        *codes = tried;
        header_nbits = tried_nbits;
    }
    return header_nbits;
}

/*
 * Codes for rounded frequencies, to so many binary digits: symbols that are
 * about as frequent then have codes of one length more often, which makes for
 * longer runs.  32 digits are all.  An effort tries so many of these pairs,
 * each with three limits; the least the usual limit alone.
 */
static const struct {
    uint8_t litlen;
    uint8_t distance;
} digits_tried[FGZ_CODES_MAX_EFFORT] = {
    {32, 32}, {32, 1}, {32, 2}, {3, 3}, {2, 1}};

/* Codes that take so much more than the best so far are not described a second
 * time.  With no limit that takes 1.5 times as long, for 0.005 % below 1.5 KB.
 */
#define SHORTEN_MAX_NBITS 16

/* Frequencies to their highest binary digits, rounded. */
static void round_freqs(uint32_t *freqs, unsigned nsyms, unsigned ndigits)
{
    for (unsigned sym = 0; sym < nsyms; sym++) {
        unsigned const nbits = fgz_highest_bit32(freqs[sym] | 1) + 1;
        unsigned const shift = nbits > ndigits ? nbits - ndigits : 0;

        freqs[sym] = (freqs[sym] + (1u << shift >> 1)) >> shift << shift;
    }
}

uint64_t fgz_codes_search(fgz_dynamic_codes *codes, const fgz_histogram *freqs,
                          unsigned effort)
{
    unsigned const nlimits = effort > 1 ? 3 : 1;
    unsigned const nrounds = effort > 1 ? 2 : 1;
    uint64_t best_nbits = UINT64_MAX - SHORTEN_MAX_NBITS;
    uint64_t best_header_nbits = 0;
    fgz_dynamic_codes tried;

    for (unsigned i = 0; i < effort; i++) {
        fgz_histogram rounded = *freqs;
        fgz_huffman_tree tree;
        unsigned max_nbits;

        round_freqs(rounded.litlen, FGZ_LITLEN_NSYMS, digits_tried[i].litlen);
        round_freqs(rounded.distance, FGZ_DISTANCE_NSYMS,
                    digits_tried[i].distance);
        fgz_huffman_build(&tried.distance, rounded.distance, FGZ_DISTANCE_NSYMS,
                          FGZ_DISTANCE_MAX_NBITS);
        fgz_huffman_grow(&tree, rounded.litlen, FGZ_LITLEN_NSYMS);
        max_nbits = limit_litlen(&tree) + nlimits / 2;
        for (unsigned end = max_nbits - nlimits; max_nbits > end; max_nbits--) {
            uint64_t header_nbits, symbols_nbits;

            if (max_nbits > FGZ_LITLEN_MAX_NBITS ||
                tree.used_count > 1u << max_nbits)
                continue;
            fgz_huffman_assign(&tried.litlen, &tree, FGZ_LITLEN_NSYMS,
                               max_nbits);
            header_nbits = describe(&tried);
            symbols_nbits = cost_symbols(&tried.litlen, freqs->litlen) +
                            cost_symbols(&tried.distance, freqs->distance);
            if (header_nbits + symbols_nbits < best_nbits + SHORTEN_MAX_NBITS)
                header_nbits =
                    shorten_description(&tried, header_nbits, nrounds);
            if (header_nbits + symbols_nbits < best_nbits) {
                best_nbits = header_nbits + symbols_nbits;
                best_header_nbits = header_nbits;
                *codes = tried;
            }
        }
    }
    return best_header_nbits;
}

/* ---- Writing ---- */

/* has_slack says that 8 bytes beyond the description may be overwritten. */
FGZ_INLINE void put_with(fgz_bitwriter *FGZ_RESTRICT out,
                         const fgz_dynamic_codes *FGZ_RESTRICT codes,
                         bool has_slack)
{
    const fgz_huffman_code *const precode = &codes->precode;
    void (*const flush)(fgz_bitwriter *) =
        has_slack ? fgz_bits_flush_fast : fgz_bits_flush;
    unsigned const lengths_nbits = 3 * codes->precode_count;
    unsigned const head_nbits = lengths_nbits < 30 ? lengths_nbits : 30;
    fgz_bitwriter writer = *out;
    uint32_t entries[PRECODE_NSYMS];
    uint64_t lengths = 0;

    fgz_bits_put(&writer, codes->litlen_count - 257, 5);
    fgz_bits_put(&writer, codes->distance_count - 1, 5);
    fgz_bits_put(&writer, codes->precode_count - 4, 4);
    for (unsigned k = codes->precode_count; k-- > 0;)
        lengths = lengths << 3 | precode->lengths[precode_order[k]];
    fgz_bits_put(&writer, lengths & ((1u << 30) - 1), head_nbits);
    flush(&writer);
    fgz_bits_put(&writer, lengths >> 30, lengths_nbits - head_nbits);
    flush(&writer);

    /* The code, its length, and that with the extra bits. */
    for (unsigned sym = 0; sym < PRECODE_NSYMS; sym++)
        entries[sym] =
            precode->codes[sym] | (uint32_t)precode->lengths[sym] << 16 |
            ((uint32_t)precode->lengths[sym] + precode_extra_nbits[sym]) << 24;
    for (unsigned i = 0; i < codes->run_count; i++) {
        unsigned const run = codes->runs[i];
        uint32_t const entry = entries[run & 31];

        fgz_bits_put(&writer, (entry & 0xffff) | run >> 5 << (entry >> 16 & 15),
                     entry >> 24);
        /* Four of them fit. */
        if (!has_slack || i % 4 == 3)
            flush(&writer);
    }
    flush(&writer);
    *out = writer;
}

void fgz_codes_put(fgz_bitwriter *out, const fgz_dynamic_codes *codes)
{
    uint64_t const max_nbits =
        5 + 5 + 4 + 3 * PRECODE_NSYMS + RUN_MAX_NBITS * codes->run_count;

    if (fgz_bits_avail(out) >= max_nbits + 64)
        put_with(out, codes, true);
    else
        put_with(out, codes, false);
}
