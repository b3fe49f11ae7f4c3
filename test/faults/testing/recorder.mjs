/**
 * A process to be killed: records events for ever, through a spool, and sends them. Tells on standard output, one JSON object a
 * line, how many it has recorded each time they are on disk.
 *
 * node recorder.mjs <directory of the built library> <where its spool is, as JSON> <address of the server> record|drain
 *
 * With `drain` it records nothing, sends what there is, and tells the accounts of all lives.
 */
import { writeSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

const [library, place, url, mode] = process.argv.slice(2)
const { EventStore, SyncClient } = await import(`${library}/index.js`)
const { openSpool } = await import(`${library}/spool/index.js`)

const STANDARD_OUTPUT = 1
const say = (value) => writeSync(STANDARD_OUTPUT, `${JSON.stringify(value)}\n`)
const CAPACITY = 400
/** Now and then more than the recorder holds, so that it has something to tell. */
const LONGEST_BURST = 600

const spool = await openSpool({ ...JSON.parse(place), drainIntervalMs: 20, maxBytes: 4 * 1024 * 1024 })
const client = SyncClient.start(spool, { url, intervalMs: 30, timeoutMs: 5_000 })
if (mode === 'drain') {
  const { pending } = await client.stop({ timeoutMs: 60_000 })
  say({ pending, lives: (await spool.close()).map((life) => ({ ...life, dropped: Object.fromEntries(life.dropped) })) })
} else {
  const store = new EventStore({ ...spool.life, capacity: CAPACITY })
  spool.attach(store)
  say({ opened: spool.life })
  for (let burst = 0; ; burst++) {
    const count = burst % 5 === 4 ? LONGEST_BURST : 1 + ((burst * 37) % 90)
    for (let index = 0; index < count; index++)
      store.recordEvent({ kind: 'llm_request_completed', model: 'gpt-4o', inputTokens: 100, outputTokens: 7 })
    const [{ recorded, dropped }] = store.ledgers()
    const lost = [...dropped.values()].reduce((sum, events) => sum + events, 0)
    if (burst % 3 === 0) {
      await spool.flush()
      say({ life: spool.life, recorded, lost })
    }
    await setTimeout(burst % 4)
  }
}
