import { join } from 'node:path'
import { describeStore } from '../testing/conformance.ts'
import { openJsonlStore } from './open.ts'

describeStore('jsonl', {
  open: async (dir, clock) => openJsonlStore({ path: join(dir, 'logs/analytics.jsonl'), clock }),
  differences: async (store) => (await store.audit?.())?.differences ?? [],
})
