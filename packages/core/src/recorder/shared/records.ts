/**
 * What stands in a ring: records of whole 64-bit words, one behind the other. A word is a number, or two halves.
 *
 * ```
 * word 0     low half: type of the record, and from bit 3 its length in words; high half: what the type says
 *
 * EVENT      an event as a `Draft` packs it; the high half of word 0 estimates its memory
 *   word 1     the members it has: first | second
 *   word 2     third | kind, from bit 3 FAILED and HAS_ID, from bit 8 how many values there are
 *   word 3     its instant
 *   then       the id that its caller brought, and the values
 * LOST       a value: what events counted that found the ring full, as JSON
 * RESET      nothing: the names given so far are forgotten, numbers start from 0 again
 * SKIP       nothing: the next record starts at the beginning of the ring
 * ```
 *
 * Values tell their own type. All numbers of an event are 0 or more, so a negative word is free to say something else:
 *
 * ```
 * >= 0       a number
 * -1, -2     false, true
 * -3 - n     n = form + length * 8
 *   NAME       the text that was given the number `length`
 *   TEXT       text of `length` characters in the words behind, a byte each, or two bytes each under WIDE
 *   NEW_NAME   the same, and it is given the next number
 *   JSON       the same, and it is JSON
 * ```
 *
 * So the reader needs no table of members, and a name stands in the ring once.
 */
export const EVENT = 0
export const LOST = 1
export const RESET = 2
export const SKIP = 3

export const TYPE_BITS = 3
export const TYPE_MASK = (1 << TYPE_BITS) - 1

export const KIND_MASK = 7
export const FAILED = 1 << 3
export const HAS_ID = 1 << 4
export const COUNT_SHIFT = 8

export const FALSE = -1
export const TRUE = -2
export const FORMS = -3
export const NAME = 0
export const TEXT = 1
export const NEW_NAME = 2
export const JSON_TEXT = 3
export const FORM_MASK = 3
export const WIDE = 4
export const LENGTH_SHIFT = 3

/** Words of an event before its values. */
export const EVENT_WORDS = 4

/** How many names have a number at a time; then all are forgotten, by both sides. */
export const MAX_NAMES = 4096
/** Longer text is written out: remembered, it would cost both sides memory and hardly come again. */
export const MAX_NAME_LENGTH = 128
