import { DIMENSION_OF, DIMENSIONS } from '../event/dimensions.ts'
import type { GroupBy } from './query.ts'

/** No event carries a longer key (128 bytes). */
const MAX_TAG_CHARS = 128

/**
 * What a name in a query splits or filters by: a dimension (also by an alias) or `tags.<key>`; undefined if neither.
 * The result bears the dimension's own name, so `agent` and `agent_id` are one column.
 *
 * @example groupByOf('agent') // { name: 'agent_id', dimension: ... }
 * @example groupByOf('tags.team') // { name: 'tags.team', tag: 'team' }
 */
export function groupByOf(name: string): GroupBy | undefined {
  const dimension = DIMENSION_OF.get(name)
  if (dimension) return { name: dimension.name, dimension }
  if (!name.startsWith('tags.')) return undefined
  const tag = name.slice('tags.'.length)
  return tag !== '' && tag.length <= MAX_TAG_CHARS && isStorableText(tag) ? { name, tag } : undefined
}

/** The table's names, for suggestions. */
export const DIMENSION_NAMES: readonly string[] = DIMENSIONS.map(({ name }) => name)

const LONE_SURROGATE = /\p{Surrogate}/u

/** Could an event carry this text? No door lets in NUL or a lone surrogate, and engines disagree on both. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && !LONE_SURROGATE.test(text)
}
