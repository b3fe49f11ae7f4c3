import { join } from 'node:path'
import { describeStore } from '../testing/conformance.ts'
import { openJsonlStore } from './open.ts'

// In the short run this is shown by files that turn over, which begin as one that does not, and by the parity of all stores.
describeStore('jsonl', {
  open: async (dir, clock) => openJsonlStore({ path: join(dir, 'logs/analytics.jsonl'), clock }),
  differences: async (store) => (await store.audit?.())?.differences ?? [],
})
