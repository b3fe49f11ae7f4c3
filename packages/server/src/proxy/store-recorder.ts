import type { EventStore } from '@tallystick/core'
import type { ProxyRecorder } from './recorder.ts'

/** Events go where an application's own would: into a buffer from which they are sent to a server. */
export function createStoreRecorder(store: Pick<EventStore, 'record'>): ProxyRecorder {
  const counts = { recorded: 0, known: 0, rejected: 0, failed: 0, dropped: 0, pending: 0 }
  return {
    counts,
    record(event) {
      // What it does not take it counts by reason, and tells the server of.
      if (store.record(event)) counts.recorded++
      else counts.dropped++
    },
    settled: async () => undefined,
  }
}
