import { isErased } from '../erased.ts'
import type { EraseRequest } from '../store.ts'
import { type PlacedEvent, placedEvent } from './documents.ts'
import type { Part } from './part.ts'
import { GREP } from './scripts.ts'

const STEP_NAMES = 500

/**
 * Writes the documents of a user anew under the pseudonym. Redis looks for the name in the texts, so that only those that have it
 * are sent; there is no index of users.
 *
 * @returns how many events
 */
export async function erasePart(part: Part, request: EraseRequest): Promise<number> {
  const { prefix, byTime } = part.keys
  const needle = JSON.stringify(request.userId)
  let events = 0
  let from: string | number = '-inf'
  for (;;) {
    const page = await part.names({ from, to: '+inf', newestFirst: false, sets: [], count: STEP_NAMES })
    for (let at = 0; at < page.names.length; at += STEP_NAMES) {
      const some = page.names.slice(at, at + STEP_NAMES)
      const found = (await part.connection.run(GREP, [byTime], [prefix, needle, ...some])) as string[]
      const erased: PlacedEvent[] = []
      for (let index = 0; index + 1 < found.length; index += 2) {
        const placed = placedEvent(found[index] as string, found[index + 1] as string)
        if (placed === undefined || !isErased(placed, request)) continue
        erased.push({ ...placed, event: { ...placed.event, userId: request.pseudonym } })
      }
      await part.rewrite(erased)
      events += erased.length
    }
    if (page.next === undefined) return events
    from = page.next
  }
}
