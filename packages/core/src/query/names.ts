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

/** The table's names, for {@link nearestNames}. */
export const DIMENSION_NAMES: readonly string[] = DIMENSIONS.map(({ name }) => name)

const LONE_SURROGATE = /\p{Surrogate}/u

/** Could an event carry this text? No door lets in NUL or a lone surrogate, and engines disagree on both. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && !LONE_SURROGATE.test(text)
}

const MAX_QUOTED_CHARS = 64

/** Somebody else's text in a message: as JSON, and cut, since it may be a megabyte. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED_CHARS ? `${text.slice(0, MAX_QUOTED_CHARS)}...` : text)
}

/**
 * The names most like `name`, best first: those that contain it or are contained in it, then by edit distance, then by
 * spelling.
 *
 * @example nearestNames('cost', ['requests', 'cost_nano_usd', 'events'], 1) // ['cost_nano_usd']
 */
export function nearestNames(name: string, candidates: readonly string[], count = 3): string[] {
  const wanted = name.slice(0, MAX_QUOTED_CHARS).toLowerCase()
  return candidates
    .map((candidate) => {
      const related = wanted.length >= 3 && (candidate.includes(wanted) || wanted.includes(candidate))
      return { candidate, related: related ? 0 : 1, distance: editDistance(wanted, candidate) }
    })
    .sort((a, b) => a.related - b.related || a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, count)
    .map(({ candidate }) => candidate)
}

/** Levenshtein distance: insertions, deletions and replacements of one character. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let line = 1; line <= a.length; line++) {
    const next = [line]
    for (let column = 1; column <= b.length; column++) {
      const replaced = (row[column - 1] as number) + (a[line - 1] === b[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[column] as number) + 1, (next[column - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
