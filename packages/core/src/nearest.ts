/** Whatever names things by tables answers a name that is in none of them with those most like it. */

const MAX_QUOTED_CHARS = 64

/**
 * Somebody else's text in a message: as JSON, and cut, since it may be a megabyte.
 *
 * @example quoted('gpt-4o') // '"gpt-4o"'
 */
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

/** {@link nearestNames} as they stand in a message. @example nearest('cots', ['cost']) // 'nearest: "cost"' */
export function nearest(name: string, candidates: readonly string[]): string {
  return `nearest: ${nearestNames(name, candidates).map(quoted).join(', ')}`
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
