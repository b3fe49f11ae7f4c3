import { afterEach, describe, expect, it } from 'vitest'
import { EventStore } from '../recorder/index.ts'
import { SyncClient } from './client.ts'
import { SyncConfig } from './config.ts'
import { LoopbackServer } from './testing/loopback-server.ts'

/** The facts that the tests of iron_runtime_analytics state, over real HTTP against a server of Protocol 012 alone. */

const servers: LoopbackServer[] = []
const clients: SyncClient[] = []

async function foreignServer(): Promise<LoopbackServer> {
  const server = await LoopbackServer.start()
  server.model.native = false
  servers.push(server)
  return server
}

/** Completed requests as the systems replaced record them. */
function complete(store: EventStore, count = 1): void {
  for (let index = 0; index < count; index++)
    store.recordEvent({
      kind: 'llm_request_completed',
      provider: 'openai',
      model: 'gpt-4',
      inputTokens: 100,
      outputTokens: 50,
      costMicros: 6_000,
    })
}

function clientOf(store: EventStore, config: SyncConfig): SyncClient {
  const client = new SyncClient(store, config)
  clients.push(client)
  return client
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.stop({ timeoutMs: 0 })))
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const until = async (met: () => boolean): Promise<void> => {
  while (!met()) await new Promise((resolve) => setTimeout(resolve, 1))
}

describe('T:sync', () => {
  it('T:sync an empty address: start and stop are safe, what is pending stays', async () => {
    const store = new EventStore()
    complete(store, 2)
    const client = clientOf(store, new SyncConfig('', 'token')).start()
    expect(await client.stop()).toMatchObject({ acked: 0, pending: 2 })
    expect(store.unsyncedCount).toBe(2)
  })

  it('T:sync two clients with an empty address', async () => {
    const store = new EventStore()
    const first = clientOf(store, new SyncConfig('')).start()
    const second = clientOf(store, new SyncConfig('')).start()
    await Promise.all([first.stop(), second.stop()])
    expect(store.unsyncedCount).toBe(0)
  })

  it('T:sync leaving the scope of a client stops it', async () => {
    const { url, model } = await foreignServer()
    const store = new EventStore()
    complete(store, 2)
    {
      await using client = clientOf(store, new SyncConfig(url, 'token'))
      expect(client.stats().state).toBe('stopped')
    }
    expect([model.events.size, store.unsyncedCount]).toEqual([2, 0])
  })

  it('T:sync answers of 200: completed and failed are 2, nothing is pending', async () => {
    const server = await foreignServer()
    server.instead = (request) => (request === 0 ? undefined : { status: 200, body: '' })
    const store = new EventStore()
    complete(store)
    store.recordLlmFailed('gpt-4', { errorCode: '500' })
    expect(await clientOf(store, new SyncConfig(server.url, 'token')).syncEvents()).toBe(2)
    expect(store.unsyncedCount).toBe(0)
  })

  it('T:sync completed, started and stopped are 1, and 2 are pending', async () => {
    const { url, model } = await foreignServer()
    const store = new EventStore()
    complete(store)
    store.recordRouterStarted(8_080)
    store.recordRouterStopped()
    expect(await clientOf(store, new SyncConfig(url, 'token')).syncEvents()).toBe(1)
    expect([model.posts('protocol012').length, store.unsyncedCount]).toEqual([1, 2])
  })

  it('T:sync 500 once, then 200, with an interval of 20 ms: nothing is pending soon', async () => {
    const server = await foreignServer()
    server.instead = (request) => (request === 1 ? { status: 500, body: '' } : undefined)
    const store = new EventStore()
    complete(store)
    clientOf(store, new SyncConfig(server.url, 'token').withInterval(20)).start()
    await until(() => store.unsyncedCount === 0)
    expect(server.model.events.size).toBe(1)
  })

  it('T:sync 400: given up, nothing is pending', async () => {
    const server = await foreignServer()
    server.model.refuse = () => 'VALIDATION_ERROR'
    const store = new EventStore()
    complete(store)
    const client = clientOf(store, new SyncConfig(server.url, 'token'))
    expect(await client.syncEvents()).toBe(1)
    expect(store.unsyncedCount).toBe(0)
    expect(client.stats()).toMatchObject({ acked: 0, rejected: 1 })
  })

  it('T:sync 3 events, an interval of 60 s, stop: exactly 3 posts, nothing is pending', async () => {
    const { url, model } = await foreignServer()
    const store = new EventStore()
    const client = clientOf(store, new SyncConfig(url, 'token').withInterval(60_000)).start()
    complete(store, 3)
    expect(await client.stop()).toMatchObject({ acked: 3, pending: 0 })
    expect(model.posts('protocol012')).toHaveLength(3)
    expect([...model.sent.values()]).toEqual([1, 1, 1])
  })

  it('T:sync 5 writers of 10 while syncing: 50, nothing is pending', async () => {
    const { url, model } = await foreignServer()
    const store = new EventStore()
    const client = clientOf(store, new SyncConfig(url, 'token').withInterval(5).withBatchThreshold(3)).start()
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        for (let index = 0; index < 10; index++) {
          complete(store)
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
      }),
    )
    await client.stop()
    expect([model.events.size, store.unsyncedCount]).toEqual([50, 0])
    expect([...model.sent.values()].every((times) => times === 1)).toBe(true)
  })

  it('T:sync called by hand: 2; an empty store: 0 and no request', async () => {
    const { url, model } = await foreignServer()
    const store = new EventStore()
    const client = clientOf(store, new SyncConfig(url, 'token'))
    expect(await client.syncEvents()).toBe(0)
    expect(model.requests).toHaveLength(0)
    complete(store, 2)
    expect(await client.syncEvents()).toBe(2)
    expect(await client.syncEvents()).toBe(0)
    expect(model.posts('protocol012')).toHaveLength(2)
  })
})
