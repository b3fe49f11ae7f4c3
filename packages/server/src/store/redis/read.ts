import { setImmediate as turn } from 'node:timers/promises'
import { NO_MODEL } from '@tallystick/core/event'
import type { Filter } from '@tallystick/core/query'
import { throwIfAborted } from '../abort.ts'
import { type PlacedEvent, secondOf } from './documents.ts'
import type { Part } from './part.ts'
import { MEMBERS } from './scripts.ts'

/** Which events are read. */
export interface ReadRequest {
  readonly fromMs: number
  readonly toMs: number
  readonly filters: readonly Filter[]
  readonly newestFirst?: boolean
  /** Names looked at in one step. */
  readonly step?: number
  readonly signal?: AbortSignal | undefined
}

const STEP_NAMES = 1_000
/** A set is read as a whole when it is so many times smaller than what the range holds. */
const SMALLER = 2
/** Names that are held at once; a set that is larger is never read as a whole. */
const MOST_MEMBERS = 200_000

/**
 * The events of a range that the indexes leave, a page at a time, in the order of their seconds. Of a filter by model or
 * endpoint no other documents are read: either the names of the range are looked up in the sets, or, where the sets are smaller,
 * their members in the range. Everything else is left to the caller.
 */
export async function* readPages(part: Part, request: ReadRequest): AsyncGenerator<readonly PlacedEvent[]> {
  const { fromMs, toMs, signal } = request
  if (toMs <= fromMs) return
  const missing: string[] = []
  for await (const names of pagesOfNames(part, request)) {
    throwIfAborted(signal)
    const events = await part.events(names, (name) => missing.push(name))
    throwIfAborted(signal)
    const page = events.filter(({ event: { timestampMs } }) => timestampMs >= fromMs && timestampMs < toMs)
    if (page.length > 0) yield page
    await turn()
  }
  // Documents of others that have expired by themselves leave their names behind.
  await part.forget(missing)
}

async function* pagesOfNames(part: Part, request: ReadRequest): AsyncGenerator<readonly string[]> {
  const { fromMs, toMs, filters, newestFirst = false, step = STEP_NAMES, signal } = request
  const sets = setsOf(part, filters)
  const [first, last] = [secondOf(Math.max(0, fromMs)), secondOf(toMs - 1)]
  const small = await smallSets(part, sets, first, last)
  if (small !== undefined) {
    yield* pagesOfMembers(await membersOf(part, small, first, last, signal), newestFirst, step)
    return
  }
  let [from, to]: (string | number)[] = [first, last]
  for (;;) {
    throwIfAborted(signal)
    const page = await part.names({ from: from ?? 0, to: to ?? 0, newestFirst, sets, count: step })
    if (page.names.length > 0) yield page.names
    if (page.next === undefined) return
    if (newestFirst) to = page.next
    else from = page.next
  }
}

/** The sets that filters choose from: one list for each that asks for models or endpoints by name. */
function setsOf({ keys }: Part, filters: readonly Filter[]): readonly (readonly string[])[] {
  const lists: string[][] = []
  for (const [field, key] of [
    ['requestModel', keys.byModel],
    ['endpoint', keys.byEndpoint],
  ] as const) {
    const filter = filters.find(({ by, negate }) => !negate && 'dimension' in by && by.dimension.field === field)
    // A request without a model is in no set, whatever it is called inside.
    const named = filter?.values.every((value) => typeof value === 'string' && value !== '' && value !== NO_MODEL)
    if (filter !== undefined && named) lists.push(filter.values.map((value) => key(value as string)))
  }
  return lists
}

/** The sets of the one filter that leaves least, if that is much less than the range holds. */
async function smallSets(
  { connection, keys }: Part,
  sets: readonly (readonly string[])[],
  first: number,
  last: number,
): Promise<readonly string[] | undefined> {
  if (sets.length === 0) return undefined
  const [inRange, ...sizes] = (await Promise.all([
    connection.command('ZCOUNT', keys.byTime, first, last),
    ...sets.map(async (names) => {
      const cards = await Promise.all(names.map((name) => connection.command('SCARD', name)))
      return cards.reduce((sum: number, card) => sum + (card as number), 0)
    }),
  ])) as number[]
  const least = Math.min(...sizes)
  if (least > MOST_MEMBERS || least * SMALLER > (inRange ?? 0)) return undefined
  return sets[sizes.indexOf(least)]
}

/** Name and second of each member within the range. */
async function membersOf(
  { connection, keys }: Part,
  sets: readonly string[],
  first: number,
  last: number,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, number>> {
  const members = new Map<string, number>()
  for (const set of sets) {
    let cursor = '0'
    do {
      throwIfAborted(signal)
      const [next = '0', ...found] = (await connection.run(
        MEMBERS,
        [keys.byTime, set],
        [cursor, first, last],
      )) as string[]
      for (let at = 0; at + 1 < found.length; at += 2) members.set(found[at] as string, Number(found[at + 1]))
      cursor = next
    } while (cursor !== '0')
  }
  return members
}

/** In the order of their seconds, and no second is divided. */
function* pagesOfMembers(
  members: ReadonlyMap<string, number>,
  newestFirst: boolean,
  step: number,
): Generator<readonly string[]> {
  const sorted = [...members].sort(([, a], [, b]) => (newestFirst ? b - a : a - b))
  for (let begin = 0; begin < sorted.length; ) {
    let end = Math.min(sorted.length, begin + step)
    while (end < sorted.length && sorted[end]?.[1] === sorted[end - 1]?.[1]) end++
    yield sorted.slice(begin, end).map(([name]) => name)
    begin = end
  }
}
