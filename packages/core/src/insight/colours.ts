/**
 * Which of the eight series colours a name gets. A name keeps its colour on every page and in reports: the hash of the name says which,
 * and where two names of one chart fall on the same, the one that ranks lower takes the nearest that is free.
 */
export const COLOURS = 8
/** What is folded together is grey. */
export const OTHER_COLOUR = -1

/** FNV-1a, 32 bits. */
function hash(name: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < name.length; index++) value = Math.imul(value ^ name.charCodeAt(index), 0x01000193)
  return value >>> 0
}

/**
 * Colours (0 to 7) of the names of one chart, in the order of rank; names beyond eight are {@link OTHER_COLOUR}.
 *
 * @param book colours given so far; names that are new are entered
 * @example assignColours(['gpt-4o'], new Map()).get('gpt-4o') // 4
 */
export function assignColours(names: readonly string[], book: Map<string, number>): ReadonlyMap<string, number> {
  const taken = new Set<number>()
  const given = new Map<string, number>()
  for (const name of names) {
    if (given.has(name)) continue
    if (taken.size === COLOURS) {
      given.set(name, OTHER_COLOUR)
      continue
    }
    let colour = book.get(name) ?? hash(name) % COLOURS
    while (taken.has(colour)) colour = (colour + 1) % COLOURS
    taken.add(colour)
    given.set(name, colour)
    if (!book.has(name)) book.set(name, colour)
  }
  return given
}
