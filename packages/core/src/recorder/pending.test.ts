import { EventStore } from './event-store.ts'
import { MemoryPending } from './testing/memory-pending.ts'
import { describePendingEvents } from './testing/pending-conformance.ts'

describePendingEvents('the model', () => {
  const pending = new MemoryPending()
  return { pending, record: (kind) => pending.record({ kind }) }
})

describePendingEvents('EventStore', () => {
  const pending = new EventStore({ capacity: 1_000 })
  return { pending, record: (kind) => pending.record({ kind, requestModel: 'gpt-4o', detail: { port: 1 } }) }
})
