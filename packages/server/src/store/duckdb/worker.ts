import { parentPort } from 'node:worker_threads'
import type { JournalEnd, OrdinalRange } from '@tallystick/core/journal'
import type { Query } from '@tallystick/core/query'
import type { Repricing } from '../repriced.ts'
import type {
  EraseRequest,
  FollowerProgress,
  ScanRequest,
  SpreadRequest,
  StoreAccounts,
  StoredEvent,
} from '../store.ts'
import type { LocalStoreSettings } from './local.ts'
import { LocalDuckdbStore } from './local.ts'
import { type FromWorker, type RemoteMethod, type ToWorker, toRemoteError } from './protocol.ts'

/** How often the main thread hears how far the journal has been applied, while that changes. */
const PROGRESS_MS = 50

type Port = NonNullable<typeof parentPort>

/** The thread that owns the embedded store: its appender blocks, and its callers must not. */
async function serve(port: Port, settings: LocalStoreSettings): Promise<void> {
  const send = (message: FromWorker): void => port.postMessage(message)
  let store: LocalDuckdbStore
  try {
    store = await LocalDuckdbStore.open(settings, undefined, (notice) => send({ type: 'notice', notice }))
  } catch (error) {
    send({ type: 'not_opened', error: toRemoteError(error) })
    port.close()
    return
  }
  const queries = new Map<number, AbortController>()
  let reported: Omit<FollowerProgress, 'targetOrdinal'> | undefined
  const report = (): void => {
    const { targetOrdinal: _, ...progress } = store.follower.progress()
    const { appliedOrdinal, error } = progress
    if (appliedOrdinal === reported?.appliedOrdinal && error === reported.error) return
    send({ type: 'progress', ...progress })
    reported = progress
  }
  const cancellable = <T>(id: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const controller = new AbortController()
    queries.set(id, controller)
    return ask(controller.signal).finally(() => queries.delete(id))
  }
  const reporting = setInterval(report, PROGRESS_MS)
  const methods: { readonly [K in RemoteMethod]: (args: readonly unknown[], id: number) => Promise<unknown> } = {
    append: ([events]) => store.append(events as StoredEvent[]),
    query: ([query], id) => cancellable(id, (signal) => store.query(query as Query, { signal })),
    spread: ([request], id) => cancellable(id, (signal) => store.spread(request as SpreadRequest, { signal })),
    scan: ([request]) => store.scan(request as ScanRequest),
    held: ([range, limit]) => store.held(range as OrdinalRange, limit as number),
    belongTo: ([id]) => store.belongTo(id as string),
    takeOver: ([accounts]) => store.takeOver(accounts as StoreAccounts),
    stats: () => store.stats(),
    prune: ([request]) => store.prune(request as Parameters<LocalDuckdbStore['prune']>[0]),
    reprice: ([repricings]) => store.reprice(repricings as Repricing[]),
    clear: () => store.clear(),
    erase: ([request]) => store.erase(request as EraseRequest),
    audit: () => store.audit(),
    copyTo: ([path]) => store.copyTo(path as string),
    maintain: () => store.maintain(),
    follow: ([dir, end, id]) => store.follower.follow(dir as string, end as JournalEnd, id as string | undefined),
    applied: ([ordinal]) => store.follower.applied(ordinal as number),
    close: () => {
      clearInterval(reporting)
      return store.close()
    },
  }
  const answer = async ({ id, method, args }: Extract<ToWorker, { type: 'call' }>): Promise<void> => {
    try {
      const value = await methods[method](args, id)
      send({ type: 'answer', id, value, appliedOrdinal: store.engine.meta.applied_ordinal })
    } catch (error) {
      send({ type: 'failure', id, error: toRemoteError(error), appliedOrdinal: store.engine.meta.applied_ordinal })
    }
    if (method === 'close') port.close()
  }
  port.on('message', (message: ToWorker) => {
    if (message.type === 'advance') store.follower.advance(message.end)
    else if (message.type === 'cancel') queries.get(message.id)?.abort()
    else if (message.type === 'call') void answer(message)
  })
  send({ type: 'opened' })
  report()
}

const port = parentPort
port?.once('message', (message: ToWorker) => {
  if (message.type === 'open') void serve(port, message.settings)
  else port.close()
})
