/** Characters of an answer, about 20,000 tokens: what clients show a model without cutting it themselves. */
export const MAX_ANSWER_CHARS = 60_000
/** One text in an answer. */
const MAX_TEXT_CHARS = 2_000

/** How much of a list an answer holds. */
interface Cut {
  readonly at: string
  readonly shown: number
  readonly of: number
}

/**
 * A value as JSON of at most `maxChars`: long texts are cut, then its longest lists, and `truncated` tells which. An object
 * that has no list to cut is answered whole.
 *
 * @example boundedJson({ rows: [1, 2, 3] }, 10) // '{"rows":[],"truncated":[{"at":"rows","shown":0,"of":3}]}'
 */
export function boundedJson(value: unknown, maxChars: number = MAX_ANSWER_CHARS): string {
  const text = JSON.stringify(value, cutText)
  if (text.length <= maxChars || typeof value !== 'object' || value === null) return text
  const copy = JSON.parse(text) as Record<string, unknown>
  const cuts: Cut[] = []
  const lists = listsIn(copy, [], 0)
    .map((list) => ({ ...list, chars: JSON.stringify(list.items).length }))
    .sort((a, b) => b.chars - a.chars)
  let excess = text.length - maxChars
  for (const { path, items, chars } of lists) {
    if (excess <= 0) break
    const kept = itemsWithin(items, Math.max(0, chars - excess))
    if (kept === items.length) continue
    cuts.push({ at: path.join('.'), shown: kept, of: items.length })
    items.length = kept
    excess -= chars - JSON.stringify(items).length
  }
  return JSON.stringify(cuts.length === 0 ? copy : { ...copy, truncated: cuts })
}

/** How many of the first items fit into so many characters of JSON. */
export function itemsWithin(items: readonly unknown[], maxChars: number): number {
  let chars = 2
  for (const [index, item] of items.entries()) {
    chars += (JSON.stringify(item, cutText) ?? 'null').length + 1
    if (chars > maxChars) return index
  }
  return items.length
}

function cutText(_name: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > MAX_TEXT_CHARS
    ? `${value.slice(0, MAX_TEXT_CHARS).toWellFormed()}...`
    : value
}

const MAX_DEPTH = 4

function listsIn(
  value: unknown,
  path: readonly string[],
  depth: number,
): { path: readonly string[]; items: unknown[] }[] {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return []
  if (Array.isArray(value)) return [{ path, items: value }]
  return Object.entries(value).flatMap(([name, member]) => listsIn(member, [...path, name], depth + 1))
}
