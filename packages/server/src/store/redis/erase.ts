import { encodeRoutiium } from '@tallystick/core/event'
import { isErased } from '../erased.ts'
import { encodeDocument } from '../jsonl/document-line.ts'
import type { EraseRequest } from '../store.ts'
import { placedEvent } from './documents.ts'
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
      for (let index = 0; index + 1 < found.length; index += 2) {
        const [name = '', text = ''] = found.slice(index, index + 2)
        const placed = placedEvent(name, text)
        if (placed === undefined || !isErased(placed, request)) continue
        const { ordinal, receivedMs } = placed
        const event = { ...placed.event, userId: request.pseudonym }
        const document = placed.own
          ? encodeDocument({ ordinal, receivedMs, event })
          : JSON.stringify(encodeRoutiium(event))
        // Only where it still stands: it may have expired since.
        await part.connection.command('SET', part.keys.event(name), document, 'XX', 'KEEPTTL')
        events++
      }
    }
    if (page.next === undefined) return events
    from = page.next
  }
}
