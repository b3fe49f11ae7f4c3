import { setTimeout } from 'node:timers/promises'
import { EventStore, SyncClient } from '../../../packages/core/dist/index.js'

/**
 * One of several processes that record for the same server: a store and a sync client of its own. Takes what to do, and tells
 * what became of it, over the channel to its parent.
 */
process.on('message', async ({ url, sourceId, events, capacity, burst }) => {
  const store = new EventStore({ sourceId, epoch: 1, capacity })
  const client = SyncClient.start(store, { url, intervalMs: 50, batchThreshold: 100 })
  for (let index = 0; index < events; index++) {
    store.recordEvent({
      kind: 'llm_request_completed',
      provider: 'openai',
      model: 'gpt-4o',
      inputTokens: 10,
      outputTokens: 5,
      costMicros: 100,
    })
    // In a burst nothing can be sent, and the buffer runs over.
    if (!burst && index % 100 === 99) await setTimeout(1)
  }
  const { acked, pending } = await client.stop({ timeoutMs: 20_000 })
  const [ledger] = store.ledgers()
  process.send({ acked, pending, recorded: ledger.recorded, dropped: Object.fromEntries(ledger.dropped) })
})
process.send('ready')
