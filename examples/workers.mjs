import { once } from 'node:events'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { attachWriter, EventStore } from '@tallystick/core'

/**
 * Two workers that record into the store of the main thread through shared memory: no message is sent for an event. The
 * rings are large enough for all that a worker records, so nothing is lost however busy the main thread is.
 */
const EVENTS = 20_000

if (isMainThread) {
  const store = EventStore.shared({ writers: 2, capacity: 2 * EVENTS, ringBytes: 8 * 1024 * 1024 })
  const workers = [0, 1].map((writer) => new Worker(new URL(import.meta.url), { workerData: store.handle(writer) }))
  await Promise.all(
    workers.map(async (worker, writer) => {
      await once(worker, 'exit')
      store.writerExited(writer)
    }),
  )

  const { totalRequests, totalInputTokens, totalCostMicros, byModel } = store.stats()
  console.log(
    `${totalRequests} requests of two workers, ${totalInputTokens} input tokens, ${totalCostMicros} micro-USD`,
  )
  console.log([...byModel.keys()].sort())
  const events = store.drainAll()
  console.log(
    `${events.length} events, ${new Set(events.map(({ eventId }) => eventId)).size} ids, ${store.droppedCount} lost`,
  )
} else {
  const recorder = attachWriter(workerData)
  for (let number = 0; number < EVENTS; number++) {
    recorder.recordEvent({
      kind: 'llm_request_completed',
      provider: 'openai',
      model: `gpt-4o-${number % 3}`,
      inputTokens: 100,
      outputTokens: 10,
      costMicros: 350,
    })
  }
  recorder.close()
}
