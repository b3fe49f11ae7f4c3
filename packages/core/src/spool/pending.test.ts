import { FaultFs } from '../journal/testing/fault-fs.ts'
import { describePendingEvents, type PendingSubject } from '../recorder/testing/pending-conformance.ts'
import type { SpoolOptions } from './options.ts'
import { begin, DIR } from './testing/memory-spool.ts'

async function subject(options: Partial<SpoolOptions>): Promise<PendingSubject> {
  const { spool, store } = await begin(new FaultFs(), options)
  return {
    pending: spool,
    async record(kind) {
      if (kind === 'router_started') store.recordRouterStarted(80)
      else if (kind === 'router_stopped') store.recordRouterStopped()
      else store.record({ kind, requestModel: 'm' })
      await spool.flush()
    },
    close: () => spool.close(),
  }
}

describePendingEvents('a spool', () => subject({ drainIntervalMs: 1000 }))
describePendingEvents('a spool that is drained at once', () => subject({}))
describePendingEvents('a spool beside others', () => subject({ parent: DIR, adoptIntervalMs: 0 }))
