/*
 * The near-optimal parser.
 *
 * Which matches are best depends on what their symbols take, and that on which
 * matches are taken.  So a chunk of input is parsed several times: first
 * greedily, then, given what symbols would take in the blocks of the parse
 * before, by dynamic programming (Bellman), from the end of the chunk to its
 * beginning: what the rest of a chunk takes from a position on is the least,
 * over a literal and all matches there, of what that token takes and what the
 * rest takes after it.  All matches were found beforehand, see matches.h.
 *
 * Blocks are made of the parse, from the bottom up: parts of some hundred
 * tokens, of which two neighbours are joined as long as that takes less.
 *
 * Costs are in 256ths of a bit: entropies, because most codes are close to
 * those, and a code's whole bits would mislead the next parse.  All arithmetic
 * is in integers, so that the bytes are the same everywhere.
 */
#include "parse_optimal.h"

#include "../entropy/logarithms.h"
#include "../alloc.h"
#include "blocks.h"

/* What parts save by joining, but for their tokens: a block's header takes so
 * much, and so much more for each symbol that it has a code for.  Higher joins
 * what is different; lower takes headers that are not won back. */
#define HEADER_COST (100 * 256)
#define USED_SYMBOL_COST (36 * 256 / 10)

/*
 * What a symbol is taken to cost that the parse before did not have: as if it
 * occurred half as often as the rarest.  Lower tries more that is new, and
 * codes for one or two occurrences; higher stays with what the greedy parse
 * chose.
 */
#define UNSEEN_COST 256
#define MIN_UNSEEN_LITLEN_COST (6 * 256)
#define MIN_UNSEEN_DISTANCE_COST (4 * 256)
#define MAX_SYMBOL_COST (14 * 256)
/* A code has at least one bit, but a longer parse of a long run must not be
 * free. */
#define MIN_LITLEN_COST 64
#define MIN_DISTANCE_COST 26

/* A greedy parse takes no match of 3 bytes further back than this. */
#define GREEDY_MATCH3_MAX_DISTANCE 2048

/* A token before it is one: the length of a match, or 0, and the distance or
 * the literal from bit 9. */
#define CHOICE_LENGTH(choice) ((choice) & 511)
#define CHOICE_VALUE(choice) ((choice) >> 9)

/* Some tokens, which may become a block. */
typedef struct part {
    uint32_t begin; /* in the chunk */
    uint32_t first; /* of its tokens, in the list */
    uint32_t next;  /* the part after it, while parts are joined */
    uint32_t before;
    uint64_t cost;
    uint64_t joined_cost; /* with the next */
    fgz_histogram freqs;  /* without an end of block */
} part;

/* Where a block begins. */
typedef struct border {
    uint32_t begin; /* in the chunk */
    uint32_t first; /* of its tokens, in the list */
} border;

/* The most lengths of a match that are weighed.  Of one of FGZ_MIN_MATCH bytes
 * too, so what is looked up by length or by position begins so far before 0. */
#define MAX_NLENGTHS 20
#define NBEFORE (MAX_NLENGTHS - 1 - FGZ_MIN_MATCH)

/* The least parts that there is room for, however little the input. */
#define MIN_NPARTS 16

/* What parsing a chunk takes.  What is not needed at the same time shares its
 * memory. */
typedef struct chunk {
    const uint8_t *begin;
    uint32_t nbytes;
    fgz_matches matches;
    union {
        /* While it is parsed: what the rest takes from a position on, as
         * a node without a choice.  Room for NBEFORE before the first. */
        uint64_t *rests;
        part *parts; /* while tokens are joined to blocks */
        /* While matches are found, their tables are there too. */
    } either;
    uint32_t max_nparts;
    /* While it is parsed, the best token by position; afterwards the tokens
     * one after the other, which are never more. */
    uint32_t *choices;
    uint32_t nchoices;
    border *borders;
    uint32_t nborders;
} chunk;

/* ---- Entropy ---- */

/* 256 times the binary logarithm; 0 for 0. */
static uint32_t log2_256ths(uint32_t value)
{
    unsigned nbits;
    uint32_t index, step;

    if (value < 256)
        return fgz_log2_256ths[value];
    nbits = fgz_highest_bit32(value) - 7;
    index = value >> nbits;
    step = (index == 255 ? 2048u : fgz_log2_256ths[index + 1]) -
           fgz_log2_256ths[index];
    return 256 * nbits + fgz_log2_256ths[index] +
           (step * (value & ((1u << nbits) - 1)) >> nbits);
}

/* 256 f log2(f); most symbols are rare, and then it is in a table. */
FGZ_INLINE uint64_t weight_256ths(uint32_t freq)
{
    return FGZ_LIKELY(freq < 64) ? fgz_weights_256ths[freq] :
                                   (uint64_t)freq * log2_256ths(freq);
}

/* What symbols add to the cost of a block. */
typedef struct sums {
    uint32_t count;
    uint32_t nused;
    uint64_t weight;
} sums;

FGZ_INLINE sums sum_symbols(const uint32_t *freqs, const uint32_t *more,
                            unsigned nsyms)
{
    sums s = {0, 0, 0};

    for (unsigned sym = 0; sym < nsyms; sym++) {
        uint32_t const freq = freqs[sym] + more[sym];

        s.count += freq;
        s.nused += freq != 0;
        s.weight += weight_256ths(freq);
    }
    return s;
}

/* What a block with the symbols of both takes, but for extra bits: Shannon's
 * entropy, as split.c explains, and the header. */
static uint64_t cost_of_block(const fgz_histogram *freqs,
                              const fgz_histogram *more)
{
    sums litlens = sum_symbols(freqs->litlen, more->litlen, FGZ_LITLEN_NSYMS);
    sums const distances =
        sum_symbols(freqs->distance, more->distance, FGZ_DISTANCE_NSYMS);

    /* One end of block, which adds no weight. */
    litlens.count++;
    litlens.nused++;
    return (uint64_t)litlens.count * log2_256ths(litlens.count) +
           (uint64_t)distances.count * log2_256ths(distances.count) -
           litlens.weight - distances.weight + HEADER_COST +
           (uint64_t)(litlens.nused + distances.nused) * USED_SYMBOL_COST;
}

/* ---- Tokens ---- */

/* RFC 1951, section 3.2.5: symbols 2k and 2k + 1 share a highest bit of
 * distance - 1, and differ in the bit below it. */
FGZ_INLINE uint32_t distance_sym(uint32_t distance)
{
    uint32_t const from_one = distance - 1;
    uint32_t const shift = fgz_highest_bit32(from_one | 3) - 1;

    return 2 * shift + (from_one >> shift);
}

FGZ_INLINE uint32_t choice_nbytes(uint32_t choice)
{
    return CHOICE_LENGTH(choice) != 0 ? CHOICE_LENGTH(choice) : 1;
}

/* Count tokens among those of a block. */
static void count_choices(fgz_histogram *freqs, const uint32_t *choices,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t const length = CHOICE_LENGTH(choices[i]);
        uint32_t const value = CHOICE_VALUE(choices[i]);

        if (length == 0) {
            freqs->litlen[value]++;
        } else {
            freqs->litlen[fgz_length_syms[length - FGZ_MIN_MATCH]]++;
            freqs->distance[distance_sym(value)]++;
        }
    }
}

/* ---- The first parse ---- */

/* The longest match at a position, of which its last is given; 0: none that is
 * worth taking when costs are not known. */
FGZ_INLINE uint32_t worth_taking(const uint32_t *last, uint32_t count)
{
    uint32_t match;

    if (count == 0)
        return 0;
    match = *last;
    return FGZ_MATCH_LENGTH(match) == FGZ_MIN_MATCH &&
                   FGZ_MATCH_DISTANCE(match) > GREEDY_MATCH3_MAX_DISTANCE ?
               0 :
               match;
}

/*
 * Take the longest match everywhere, unless the next position has a better one.
 * Some parse has to come first, for the costs of symbols: the closer to the
 * last one, the fewer passes it takes.
 */
static void parse_greedily(chunk *c)
{
    const uint16_t *const counts = c->matches.counts;
    const uint32_t *match = c->matches.list;
    uint32_t *choice = c->choices;
    uint32_t i = 0;

    while (i < c->nbytes) {
        const uint32_t *const end = match + counts[i];
        uint32_t const best = worth_taking(end - 1, counts[i]);
        uint32_t length = FGZ_MATCH_LENGTH(best);

        if (length != 0 && i + 1 < c->nbytes) {
            uint32_t const count = counts[i + 1];
            uint32_t const later = worth_taking(end + count - 1, count);
            uint32_t const later_length = FGZ_MATCH_LENGTH(later);

            if (later_length > length + 1 ||
                (later_length == length + 1 &&
                 distance_sym(FGZ_MATCH_DISTANCE(later)) <=
                     distance_sym(FGZ_MATCH_DISTANCE(best)) + 2))
                length = 0;
        }
        if (length == 0) {
            *choice++ = (uint32_t)c->begin[i] << 9;
            match = end;
            i++;
        } else {
            *choice++ = length | FGZ_MATCH_DISTANCE(best) << 9;
            for (; length > 0; length--)
                match += counts[i++];
        }
    }
    c->nchoices = (uint32_t)(choice - c->choices);
}

/* ---- Blocks ---- */

static void add_freqs(fgz_histogram *into, const fgz_histogram *more)
{
    for (unsigned sym = 0; sym < FGZ_LITLEN_NSYMS; sym++)
        into->litlen[sym] += more->litlen[sym];
    for (unsigned sym = 0; sym < FGZ_DISTANCE_NSYMS; sym++)
        into->distance[sym] += more->distance[sym];
}

/* See what a part would take together with the next. */
static void weigh_joined(part *parts, uint32_t index)
{
    parts[index].joined_cost =
        cost_of_block(&parts[index].freqs, &parts[parts[index].next].freqs);
}

/* What two parts save by joining. */
FGZ_INLINE int64_t gain_of(const part *parts, uint32_t index)
{
    return (int64_t)(parts[index].cost + parts[parts[index].next].cost) -
           (int64_t)parts[index].joined_cost;
}

/* Cut the tokens into parts.  @return how many. */
static uint32_t cut_parts(chunk *c, uint32_t part_ntokens)
{
    part *const parts = c->either.parts;
    uint32_t const least = c->nchoices / c->max_nparts + 1;
    uint32_t nparts = 0;
    uint32_t position = 0;
    uint32_t done = 0;

    if (part_ntokens < least)
        part_ntokens = least;
    while (done < c->nchoices) {
        part *const p = &parts[nparts];
        uint32_t count = c->nchoices - done;

        if (count >= part_ntokens + part_ntokens / 2)
            count = part_ntokens;
        p->begin = position;
        p->first = done;
        p->before = nparts - 1;
        p->next = ++nparts;
        memset(&p->freqs, 0, sizeof(p->freqs));
        count_choices(&p->freqs, c->choices + done, count);
        for (; count > 0; count--)
            position += choice_nbytes(c->choices[done++]);
    }
    return nparts;
}

/*
 * Decide where blocks begin: of all neighbours those two are joined first that
 * gain the most by it.
 */
static void find_borders(chunk *c, uint32_t part_ntokens)
{
    static const fgz_histogram nothing;
    part *const parts = c->either.parts;
    uint32_t const nparts = cut_parts(c, part_ntokens);
    uint32_t nborders = 0;

    for (uint32_t i = 0; i < nparts && nparts > 1; i++)
        parts[i].cost = cost_of_block(&parts[i].freqs, &nothing);
    for (uint32_t i = 0; i + 1 < nparts; i++)
        weigh_joined(parts, i);
    for (;;) {
        int64_t best_gain = 0;
        uint32_t best = nparts;
        uint32_t next;

        for (uint32_t i = 0; parts[i].next < nparts; i = parts[i].next) {
            int64_t const gain = gain_of(parts, i);

            if (gain > best_gain) {
                best_gain = gain;
                best = i;
            }
        }
        if (best == nparts)
            break;
        next = parts[best].next;
        add_freqs(&parts[best].freqs, &parts[next].freqs);
        parts[best].cost = parts[best].joined_cost;
        parts[best].next = parts[next].next;
        if (parts[best].next < nparts) {
            parts[parts[best].next].before = best;
            weigh_joined(parts, best);
        }
        if (best > 0)
            weigh_joined(parts, parts[best].before);
    }
    for (uint32_t i = 0; i < nparts; i = parts[i].next)
        c->borders[nborders++] = (border){parts[i].begin, parts[i].first};
    c->nborders = nborders;
}

/*
 * Put borders, which came from another parse, where tokens begin in this one,
 * and leave out those that make a block too short.
 */
static void align_borders(chunk *c)
{
    uint32_t nborders = 0;
    uint32_t position = 0;
    uint32_t token = 0;

    for (uint32_t i = 0; i < c->nborders; i++) {
        uint32_t const wanted = c->borders[i].begin;

        for (; position < wanted; token++)
            position += choice_nbytes(c->choices[token]);
        if (position == c->nbytes)
            break;
        if (nborders > 0 &&
            position - c->borders[nborders - 1].begin < FGZ_BLOCK_MIN_NBYTES)
            continue;
        c->borders[nborders++] = (border){position, token};
    }
    c->nborders = nborders;
}

/* ---- The best parse, given costs ---- */

/* What tokens take in a block: the parts of a node's cost, in its upper half,
 * and of its choice, in the lower. */
typedef struct token_costs {
    uint64_t literals[256];
    /* Of distance symbols, extra bits included; no choice. */
    uint64_t distances[FGZ_DISTANCE_NSYMS];
    /* By length, those below FGZ_MIN_MATCH never worth it. */
    uint64_t lengths[NBEFORE + FGZ_MAX_MATCH + 1];
} token_costs;

/* More than anything takes, even added to what undefined costs are. */
#define COST_NEVER ((uint64_t)1 << 62)

static uint32_t cost_of_symbol(uint32_t freq, uint32_t log2_sum,
                               uint32_t unseen_cost, uint32_t min_cost)
{
    uint32_t cost = unseen_cost;

    if (freq > 0) {
        cost = log2_sum - log2_256ths(freq);
        if (cost > MAX_SYMBOL_COST)
            cost = MAX_SYMBOL_COST;
    }
    return cost < min_cost ? min_cost : cost;
}

static uint32_t cost_of_unseen(uint32_t log2_sum, uint32_t min_cost)
{
    uint32_t const cost = log2_sum + UNSEEN_COST;

    return cost < min_cost        ? min_cost :
           cost > MAX_SYMBOL_COST ? MAX_SYMBOL_COST :
                                    cost;
}

/* Say what tokens take from how often symbols occur. */
static void make_costs(token_costs *costs, const fgz_histogram *freqs)
{
    uint32_t nlitlens = 0;
    uint32_t ndistances = 0;
    uint32_t log2_sum, unseen;
    uint32_t length_costs[FGZ_LITLEN_NSYMS - FGZ_FIRST_LENGTH_SYM];

    for (unsigned sym = 0; sym < FGZ_LITLEN_NSYMS; sym++)
        nlitlens += freqs->litlen[sym];
    for (unsigned sym = 0; sym < FGZ_DISTANCE_NSYMS; sym++)
        ndistances += freqs->distance[sym];
    log2_sum = log2_256ths(nlitlens);
    unseen = cost_of_unseen(log2_sum, MIN_UNSEEN_LITLEN_COST);
    for (unsigned sym = 0; sym < 256; sym++)
        costs->literals[sym] =
            (uint64_t)cost_of_symbol(freqs->litlen[sym], log2_sum, unseen,
                                     MIN_LITLEN_COST)
                << 32 |
            sym << 9;
    for (unsigned i = 0; i < FGZ_LITLEN_NSYMS - FGZ_FIRST_LENGTH_SYM; i++)
        length_costs[i] =
            cost_of_symbol(freqs->litlen[FGZ_FIRST_LENGTH_SYM + i], log2_sum,
                           unseen, MIN_LITLEN_COST) +
            256u * fgz_length_extra_nbits[i];
    for (unsigned i = 0; i < NBEFORE + FGZ_MIN_MATCH; i++)
        costs->lengths[i] = COST_NEVER;
    for (uint32_t length = FGZ_MIN_MATCH; length <= FGZ_MAX_MATCH; length++)
        costs->lengths[NBEFORE + length] =
            (uint64_t)length_costs[fgz_length_syms[length - FGZ_MIN_MATCH] -
                                   FGZ_FIRST_LENGTH_SYM]
                << 32 |
            length;
    log2_sum = log2_256ths(ndistances);
    unseen = cost_of_unseen(log2_sum, MIN_UNSEEN_DISTANCE_COST);
    for (unsigned sym = 0; sym < FGZ_DISTANCE_NSYMS; sym++)
        costs->distances[sym] =
            (uint64_t)(cost_of_symbol(freqs->distance[sym], log2_sum, unseen,
                                      MIN_DISTANCE_COST) +
                       256u * fgz_distance_extra_nbits[sym])
            << 32;
}

FGZ_INLINE uint64_t least(uint64_t a, uint64_t b)
{
    return b < a ? b : a;
}

/*
 * The least that matches of some lengths take, each with what the rest takes
 * after it: nlengths, of which the longest is where the pointers are.
 *
 * Four chains of comparisons, none of which waits for another.  The distance is
 * left out, because it is the same for all.
 */
FGZ_INLINE uint64_t least_of_lengths(const uint64_t *lengths,
                                     const uint64_t *rests, unsigned nlengths)
{
    ptrdiff_t const n = (ptrdiff_t)nlengths;
    uint64_t best[4];

    for (ptrdiff_t i = 0; i < 4; i++)
        best[i] = lengths[-i] + rests[-i];
    for (ptrdiff_t less = 4; less < n; less += 4)
        for (ptrdiff_t i = 0; i < 4; i++)
            best[i] = least(best[i], lengths[-less - i] + rests[-less - i]);
    return least(least(best[0], best[1]), least(best[2], best[3]));
}

/*
 * Choose the best token for each position from end down to begin, given what
 * tokens take there.  A node is cost << 32 | choice, so that the least node has
 * the least cost, and of those the shortest distance.
 *
 * @return where the matches of the positions before begin end.
 */
FGZ_INLINE const uint32_t *choose_with(chunk *c, const token_costs *tokens,
                                       const uint32_t *match, uint32_t begin,
                                       uint32_t end, unsigned nlengths)
{
    const uint16_t *const counts = c->matches.counts;
    uint64_t *const rests = c->either.rests + NBEFORE;
    uint32_t *const choices = c->choices;
    const uint64_t *const lengths = tokens->lengths + NBEFORE;
    uint64_t rest = rests[end];

    for (uint32_t i = end; i-- > begin;) {
        const uint32_t *const first = match - counts[i];
        uint64_t node = tokens->literals[c->begin[i]] + rest;

        while (match > first) {
            uint32_t const length = FGZ_MATCH_LENGTH(*--match);
            uint32_t const distance = FGZ_MATCH_DISTANCE(*match);
            uint64_t const base =
                tokens->distances[distance_sym(distance)] + (distance << 9);

            node = least(node,
                         base + least_of_lengths(lengths + length,
                                                 rests + i + length, nlengths));
        }
        rest = node >> 32 << 32;
        rests[i] = rest;
        choices[i] = (uint32_t)node;
    }
    return match;
}

static const uint32_t *choose(chunk *c, const token_costs *tokens,
                              const uint32_t *match, uint32_t begin,
                              uint32_t end, unsigned nlengths)
{
    switch (nlengths) {
    case 4:
        return choose_with(c, tokens, match, begin, end, 4);
    case 8:
        return choose_with(c, tokens, match, begin, end, 8);
    default:
        return choose_with(c, tokens, match, begin, end, MAX_NLENGTHS);
    }
}

/*
 * Parse the chunk again, with what the symbols of each block take in the parse
 * before, and put the borders where tokens begin in the new one.
 *
 * The tokens before are in the same memory as what is chosen.  A block's are
 * counted just before its positions are written, which come after them, as
 * a token has one position at least.
 */
static void parse_again(chunk *c, unsigned nlengths)
{
    const uint32_t *match = c->matches.list;
    uint32_t end = c->nbytes;
    uint32_t nchoices = c->nchoices;
    uint32_t *choice = c->choices;

    for (uint32_t i = 0; i < c->nbytes; i++)
        match += c->matches.counts[i];
    memset(c->either.rests, 0,
           sizeof(*c->either.rests) * (c->nbytes + NBEFORE + 1));
    for (uint32_t b = c->nborders; b-- > 0;) {
        border const at = c->borders[b];
        fgz_histogram freqs;
        token_costs costs;

        memset(&freqs, 0, sizeof(freqs));
        freqs.litlen[FGZ_END_OF_BLOCK] = 1;
        count_choices(&freqs, c->choices + at.first, nchoices - at.first);
        make_costs(&costs, &freqs);
        match = choose(c, &costs, match, at.begin, end, nlengths);
        end = at.begin;
        nchoices = at.first;
    }
    for (uint32_t i = 0; i < c->nbytes;) {
        *choice++ = c->choices[i];
        i += choice_nbytes(choice[-1]);
    }
    c->nchoices = (uint32_t)(choice - c->choices);
}

/* ---- Chunks ---- */

/*
 * Room for matches, by the byte: up to so much input for all there can be in
 * what is not made up, and then for what twice as much input of web bodies has.
 * A chunk ends where it is full.
 */
#define MATCHES_PER_BYTE 8
#define MATCHES_MAX_COUNT ((size_t)7 * FGZ_OPTIMAL_CHUNK_NBYTES / 2)

/* Memory for one part of a chunk's. */
static uint8_t *take_memory(uint8_t **next_ptr, size_t nbytes)
{
    uint8_t *const memory = *next_ptr;

    *next_ptr += (nbytes + 7) & ~(size_t)7;
    return memory;
}

/* Allocate all that parsing chunks of up to nbytes takes, after as much
 * history.  @return what to free, or NULL. */
static uint8_t *allocate(chunk *c, size_t history_nbytes, size_t nbytes)
{
    size_t const max_count =
        fgz_min_size(MATCHES_PER_BYTE * nbytes, MATCHES_MAX_COUNT) +
        FGZ_MATCHES_MIN_COUNT;
    size_t const list_nbytes = sizeof(uint32_t) * max_count;
    size_t const choices_nbytes = sizeof(uint32_t) * nbytes;
    size_t const counts_nbytes = sizeof(uint16_t) * nbytes;
    size_t const rests_nbytes = sizeof(uint64_t) * (nbytes + NBEFORE + 1);
    size_t either_nbytes = fgz_matches_tables_nbytes(history_nbytes + nbytes);
    size_t borders_nbytes;
    uint8_t *memory, *next;

    if (either_nbytes < rests_nbytes)
        either_nbytes = rests_nbytes;
    if (either_nbytes < MIN_NPARTS * sizeof(part))
        either_nbytes = MIN_NPARTS * sizeof(part);
    c->max_nparts = (uint32_t)(either_nbytes / sizeof(part));
    borders_nbytes = sizeof(border) * c->max_nparts;
    memory = fgz_malloc(either_nbytes + list_nbytes + choices_nbytes +
                        counts_nbytes + borders_nbytes + 5 * 7);
    if (memory == NULL)
        return NULL;
    next = memory;
    c->either.rests = (uint64_t *)(void *)take_memory(&next, either_nbytes);
    fgz_matches_lay_out(&c->matches, memory, history_nbytes + nbytes);
    c->matches.list = (uint32_t *)(void *)take_memory(&next, list_nbytes);
    c->matches.max_count = max_count;
    c->choices = (uint32_t *)(void *)take_memory(&next, choices_nbytes);
    c->borders = (border *)(void *)take_memory(&next, borders_nbytes);
    c->matches.counts = (uint16_t *)(void *)take_memory(&next, counts_nbytes);
    return memory;
}

/* Parse as much of the chunk as there is room for its matches. */
static void parse_chunk(chunk *c, const fgz_optimal_effort *effort,
                        const uint8_t *history)
{
    c->nbytes = (uint32_t)fgz_matches_find(
        &c->matches, &effort->search, history, c->begin, c->begin + c->nbytes);
    parse_greedily(c);
    for (unsigned pass = 0; pass < effort->npasses; pass++) {
        if (pass == 0 || pass == 1 || pass == 3 || pass == 5)
            find_borders(c, effort->part_ntokens);
        parse_again(c, effort->nlengths);
        align_borders(c);
    }
}

/* Write the tokens from one border to the next. */
static size_t write_block(chunk *c, uint32_t index, fgz_block_memory *memory,
                          fgz_bitwriter *out, bool is_final)
{
    bool const is_last = index + 1 == c->nborders;
    border const at = c->borders[index];
    uint32_t const end = is_last ? c->nbytes : c->borders[index + 1].begin;
    uint32_t const after = is_last ? c->nchoices : c->borders[index + 1].first;
    /* Matches are not needed any more. */
    fgz_tokens tokens = {.list = c->matches.list,
                         .max_count = after - at.first,
                         .limit = after - at.first};
    fgz_token_writer writer;
    size_t result;

    fgz_tokens_clear(&tokens);
    writer = fgz_tokens_begin(&tokens);
    for (uint32_t i = at.first; i < after; i++) {
        uint32_t const length = CHOICE_LENGTH(c->choices[i]);
        uint32_t const value = CHOICE_VALUE(c->choices[i]);

        if (length == 0)
            fgz_put_literal(&writer, (uint8_t)value);
        else
            fgz_put_match(&writer, length, value);
    }
    fgz_tokens_end(&tokens, &writer);
    result =
        fgz_block_write(out, memory, &tokens.freqs, tokens.list, tokens.count,
                        c->begin + at.begin, end - at.begin, is_final);
    FGZ_FORWARD_IF_ERROR(result);
    return 0;
}

/*
 * Write the blocks of a chunk; if may_keep, not a last one that is in its
 * second half: it may go on after the chunk.  So no input is parsed more than
 * twice. *nbytes_ret becomes what was written.
 */
static size_t write_chunk(chunk *c, fgz_block_memory *memory,
                          fgz_bitwriter *out, bool is_final, bool may_keep,
                          size_t *nbytes_ret)
{
    uint32_t nblocks = c->nborders;

    *nbytes_ret = c->nbytes;
    if (may_keep && c->borders[nblocks - 1].begin >= c->nbytes / 2 &&
        nblocks > 1)
        *nbytes_ret = c->borders[--nblocks].begin;
    for (uint32_t i = 0; i < nblocks; i++)
        FGZ_FORWARD_IF_ERROR(
            write_block(c, i, memory, out, is_final && i + 1 == nblocks));
    return 0;
}

size_t fgz_optimal_write(const fgz_optimal_effort *effort,
                         fgz_block_memory *memory, fgz_bitwriter *out,
                         const fgz_input *input, const uint8_t **next_ptr,
                         const uint8_t *stop, fgz_directive directive)
{
    const uint8_t *next = *next_ptr;
    size_t const history_nbytes =
        fgz_min_size((size_t)(next - input->begin) + FGZ_OPTIMAL_CHUNK_NBYTES,
                     FGZ_MAX_DISTANCE);
    chunk c;
    uint8_t *allocated;
    size_t result = 0;

    if (next == stop)
        return directive == FGZ_FINISH ? fgz_block_write_end(out) : 0;
    allocated = allocate(
        &c, fgz_min_size(history_nbytes, (size_t)(stop - input->begin)),
        fgz_min_size((size_t)(stop - next), FGZ_OPTIMAL_CHUNK_NBYTES));
    FGZ_RETURN_IF(allocated == NULL, FGZ_ERROR_MEMORY);
    while (next < stop && !fgz_is_error(result)) {
        size_t const left_nbytes = (size_t)(stop - next);
        size_t const reach_nbytes =
            fgz_min_size((size_t)(next - input->begin), FGZ_MAX_DISTANCE);
        size_t written_nbytes;
        bool is_last;

        c.begin = next;
        c.nbytes =
            (uint32_t)fgz_min_size(left_nbytes, FGZ_OPTIMAL_CHUNK_NBYTES);
        parse_chunk(&c, effort, next - reach_nbytes);
        is_last = c.nbytes == left_nbytes;
        result =
            write_chunk(&c, memory, out, is_last && directive == FGZ_FINISH,
                        !is_last || directive == FGZ_CONTINUE, &written_nbytes);
        next += written_nbytes;
        if (is_last && directive == FGZ_CONTINUE)
            break;
    }
    fgz_mfree(allocated);
    *next_ptr = next;
    return result;
}
