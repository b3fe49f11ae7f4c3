/**
 * What stands in a ring: records of whole 64-bit words, one behind the other. A word is a number, or two halves.
 *
 * ```
 * word 0     low half: type of the record, and from bit 3 its length in words; high half: what the type says
 *
 * EVENT      high half: number of the layout
 *   word 1     size of its texts, maps and lists, as `Draft` counts it
 *   word 2     its instant
 *   then       the values, as many as the layout has members
 * LAYOUT     a value: a kind and the names of members, as JSON; the layout gets the next number
 * LOST       a value: what events counted that found the ring full, as JSON
 * RESET      nothing: layouts and names are forgotten, their numbers start from 0 again
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
 *   JSON_TEXT  the same, and it is JSON
 * ```
 */
export const EVENT = 0
export const LAYOUT = 1
export const LOST = 2
export const RESET = 3
export const SKIP = 4

export const TYPE_BITS = 3
export const TYPE_MASK = (1 << TYPE_BITS) - 1

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
export const EVENT_WORDS = 3

/** How many names and layouts have a number at a time; then all are forgotten, by both sides. */
export const MAX_NAMES = 4096
export const MAX_LAYOUTS = 512
/** Longer text is written out: remembered, it would cost both sides memory and hardly come again. */
export const MAX_NAME_LENGTH = 128
