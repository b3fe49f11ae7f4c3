import { MemoryPending } from './testing/memory-pending.ts'
import { describePendingEvents } from './testing/pending-conformance.ts'

describePendingEvents('the model', () => {
  const pending = new MemoryPending()
  return { pending, record: (kind) => pending.record({ kind }) }
})
