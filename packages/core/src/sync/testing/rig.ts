import { MemoryPending } from '../../recorder/testing/memory-pending.ts'
import { SyncClient } from '../client.ts'
import type { SyncOptions } from '../options.ts'
import { fakeFetch, type Outcome } from './fake-fetch.ts'
import { ServerModel } from './server-model.ts'
import { fixedRandom, VirtualTime } from './virtual-time.ts'

export interface Rig {
  readonly time: VirtualTime
  readonly server: ServerModel
  readonly store: MemoryPending
  readonly client: SyncClient
  /** Outcomes of the requests to come; then `usual`. */
  readonly outcomes: Outcome[]
  usual: Outcome
}

/** A client in virtual time with a server in the same process. A backoff takes half of its ceiling. */
export function rig(options: SyncOptions = {}, capacity = 10_000): Rig {
  const time = new VirtualTime()
  const server = new ServerModel()
  const store = new MemoryPending({ capacity })
  const outcomes: Outcome[] = []
  const made = { time, server, store, outcomes, usual: 'ok' as Outcome }
  const client = new SyncClient(store, {
    url: 'http://server.test',
    token: 'secret-token',
    gzip: false,
    clock: time,
    timers: time,
    random: fixedRandom(0.5),
    fetch: fakeFetch(server, () => outcomes.shift() ?? rigged.usual),
    ...options,
  })
  const rigged: Rig = Object.assign(made, { client })
  return rigged
}

/** `status` with the body of a problem. */
export const answer = (status: number, headers: Record<string, string> = {}, body = '{"code":"planned"}'): Outcome => ({
  status,
  headers,
  body,
})

export function recordMany(store: MemoryPending, count: number): void {
  for (let index = 0; index < count; index++) store.record()
}
