import { setTimeout } from 'node:timers/promises'
import { EventStore, SyncClient } from '@tallystick/core'
import { openSpool } from '@tallystick/core/spool'

/**
 * An application that records, with a spool between its recorder and the server: `node client.mjs URL DIRECTORY [EVENTS]`.
 * It prints how many events are on disk now and then, and its account at the end. It may be killed at any time.
 */
const [url, dir, events = 'Infinity'] = process.argv.slice(2)

const spool = await openSpool({ dir, drainIntervalMs: 50 })
const store = new EventStore({ ...spool.life, capacity: 10_000 })
spool.attach(store)
const client = SyncClient.start(spool, { url, intervalMs: 200, batchThreshold: 100 })

for (let number = 1; number <= Number(events); number++) {
  store.recordEvent({
    kind: 'llm_request_completed',
    provider: 'openai',
    model: 'gpt-4o',
    inputTokens: 1_000,
    outputTokens: number % 100,
    costMicros: 2_500 + 10 * (number % 100),
  })
  if (number % 20 === 0) await setTimeout(1)
  if (number % 1_000 === 0) {
    await spool.flush()
    console.log(JSON.stringify({ onDisk: number }))
  }
}

const { pending } = await client.stop({ timeoutMs: 30_000 })
const lives = await spool.close()
console.log(
  JSON.stringify({
    lives: lives.length,
    recorded: lives.reduce((sum, life) => sum + life.recorded, 0),
    acked: lives.reduce((sum, life) => sum + life.acked, 0),
    dropped: lives.reduce((sum, life) => sum + [...life.dropped.values()].reduce((a, b) => a + b, 0), 0),
    pending,
  }),
)
