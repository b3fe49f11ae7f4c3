/** Longer than any member of an event; whatever is named at greater length does not get a series of its own. */
const MAX_LENGTH = 256

/** What a label says where there is nothing to say: an empty value would be no label at all. */
export const UNKNOWN = 'unknown'

/**
 * Text from outside as it stands in a label; undefined when it is too long to be kept. Half a surrogate pair, which UTF-8
 * cannot say, is U+FFFD: two names that are written alike must be one series.
 */
export function labelValue(text: unknown): string | undefined {
  if (typeof text !== 'string' || text === '') return UNKNOWN
  if (text.length > MAX_LENGTH) return undefined
  return text.isWellFormed() ? text : text.toWellFormed()
}
