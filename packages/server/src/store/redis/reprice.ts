import { type RepricingNews, repriced } from '../repriced.ts'
import type { Part } from './part.ts'
import { NAMED } from './scripts.ts'

const STEP_EVENTS = 500

/**
 * Writes the events of a part that were repriced anew. What was applied is noted afterwards by the caller: where it is cut short, the
 * same comes again and gives the same.
 */
export async function repricePart(part: Part, { changes }: RepricingNews): Promise<void> {
  const ordinals = [...changes.keys()]
  for (let at = 0; at < ordinals.length; at += STEP_EVENTS) {
    const some = ordinals.slice(at, at + STEP_EVENTS)
    const names = (await part.connection.run(NAMED, [part.keys.byOrdinal], some)) as string[]
    const placed = await part.events(names.filter((name) => name !== ''))
    await part.rewrite(
      placed.flatMap((stored) => {
        const change = changes.get(stored.ordinal)
        return change === undefined ? [] : [{ ...stored, event: repriced(stored.event, change) }]
      }),
    )
  }
}
