import type { StoreAudit } from '../store.ts'
import { indexed } from './documents.ts'
import type { Part } from './part.ts'
import { AUDIT } from './scripts.ts'

const STEP_NAMES = 500

/** Are all events in every index they belong to, and has each its document? */
export async function auditParts(parts: readonly Part[]): Promise<StoreAudit> {
  const differences: string[] = []
  for (const part of parts) {
    const lost: string[] = []
    let wrong = 0
    let from: string | number = '-inf'
    for (;;) {
      const page = await part.names({ from, to: '+inf', newestFirst: false, sets: [], count: STEP_NAMES })
      const events = await part.events(page.names, (name) => lost.push(name))
      for (let at = 0; at < events.length; at += STEP_NAMES) {
        const args = events.slice(at, at + STEP_NAMES).flatMap(({ name, own, ordinal, event }) => {
          const { model, endpoint } = indexed(event)
          return [name, own ? String(ordinal) : '', model, endpoint]
        })
        wrong += (await part.connection.run(
          AUDIT,
          [part.keys.byTime, part.keys.byOrdinal],
          [part.keys.prefix, ...args],
        )) as number
      }
      if (page.next === undefined) break
      from = page.next
    }
    const where = `Keys ${part.keys.prefix}*`
    if (wrong > 0) differences.push(`${where}: ${wrong} events are not in every index they belong to.`)
    await part.forget(lost)
    if (part.lostDocuments > 0) differences.push(`${where}: ${part.lostDocuments} events have lost their document.`)
  }
  return { differences }
}
