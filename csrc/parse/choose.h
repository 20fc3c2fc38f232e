/*
 * choose.h - choices between matches that must not become branches
 *
 * Which of two candidates is the longer is as good as random, and a branch that
 * is predicted wrongly takes as long as ten of these choices.  Compilers turn C
 * into either; gcc makes branches of most of what is here.  So on x86-64 it is
 * written as conditional moves, with the same in C beside it.
 */
#ifndef FGZ_CHOOSE_H
#define FGZ_CHOOSE_H

#include "../common.h"

#if defined(__GNUC__) && defined(__x86_64__) && !defined(FGZ_PORTABLE)
#  define FGZ_CHOOSE_ASM 1
#else
#  define FGZ_CHOOSE_ASM 0
#endif

/* In place of a literal: none. */
#define FGZ_NO_LITERAL 512

/* If the other is longer, let it be the match. */
FGZ_INLINE void fgz_choose_longer(uint32_t *length, uint32_t *place,
                                  uint32_t other_length, uint32_t other_place)
{
#if FGZ_CHOOSE_ASM
    __asm__("cmpl %[other_length], %[length]\n\t"
            "cmovbl %[other_length], %[length]\n\t"
            "cmovbl %[other_place], %[place]"
            : [length] "+r"(*length), [place] "+r"(*place)
            : [other_length] "r"(other_length), [other_place] "r"(other_place)
            : "cc");
#else
    bool const is_longer = other_length > *length;

    *length = is_longer ? other_length : *length;
    *place = is_longer ? other_place : *place;
#endif
}

/* @return value where that is at least limit, otherwise instead. */
FGZ_INLINE uint32_t fgz_choose_at_least(uint32_t value, int32_t limit,
                                        uint32_t instead)
{
#if FGZ_CHOOSE_ASM
    __asm__("cmpl %[limit], %[value]\n\t"
            "cmovll %[instead], %[value]"
            : [value] "+r"(value)
            : [limit] "r"(limit), [instead] "r"(instead)
            : "cc");
    return value;
#else
    return (int32_t)value >= limit ? value : instead;
#endif
}

/* What to do at a position: a literal or none, and then, if length is 1, the
 * literal value, otherwise a match with the place value. */
typedef struct fgz_choice {
    uint32_t literal; /* or FGZ_NO_LITERAL */
    uint32_t length;
    uint32_t value;
} fgz_choice;

static const uint32_t fgz_choose_zero = 0;
static const uint32_t fgz_choose_one = 1;
static const uint32_t fgz_choose_no_literal = FGZ_NO_LITERAL;

/*
 * Choose between the match at a position and that at the next: the longer, the
 * first of equal ones, and if both are shorter than min_length the two
 * literals.  The second match is preceded by a literal.  Moves *position on to
 * after what was chosen.
 */
FGZ_INLINE fgz_choice fgz_choose_of_two(uint32_t length, uint32_t place,
                                        uint32_t next_length,
                                        uint32_t next_place, uint32_t literal,
                                        uint32_t next_literal,
                                        uint32_t min_length, size_t *position)
{
#if FGZ_CHOOSE_ASM
    __asm__(
        "cmpl %[min_length], %[next_length]\n\t"
        "cmovbl %[one], %[next_length]\n\t"
        "cmovael %[next_place], %[next_literal]\n\t"
        "cmpl %[min_length], %[length]\n\t"
        "cmovbl %[zero], %[length]\n\t"
        "cmpl %[next_length], %[length]\n\t"
        "cmovael %[length], %[next_length]\n\t"
        "cmovael %[place], %[next_literal]\n\t"
        "cmovael %[no_literal], %[literal]\n\t"
        /* Carry: the second was chosen. */
        "adcq %q[next_length], %[position]"
        : [length] "+r"(length), [next_length] "+r"(next_length),
          [next_literal] "+r"(next_literal), [literal] "+r"(literal),
          [position] "+r"(*position)
        : [place] "r"(place), [next_place] "r"(next_place),
          [one] "m"(fgz_choose_one), [zero] "m"(fgz_choose_zero),
          [no_literal] "m"(fgz_choose_no_literal), [min_length] "g"(min_length)
        : "cc");
    return (fgz_choice){literal, next_length, next_literal};
#else
    bool const has_next = next_length >= min_length;
    uint32_t const latter_length = has_next ? next_length : 1;
    bool const is_first = length >= min_length && length >= latter_length;
    fgz_choice const choice = {is_first ? FGZ_NO_LITERAL : literal,
                               is_first ? length : latter_length,
                               is_first ? place :
                               has_next ? next_place :
                                          next_literal};

    *position += choice.length + !is_first;
    return choice;
#endif
}

#endif /* FGZ_CHOOSE_H */
