import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bundle } from './bundle.ts'

/** All that a runtime must have besides ECMAScript: browsers, workers and edge runtimes do. */
const PLATFORM = { crypto: globalThis.crypto, TextEncoder, TextDecoder, performance }

describe('the main entry', () => {
  it('records in a bare V8 context, with nothing of Node in it', async () => {
    const { code, modules } = await bundle()
    expect(modules.filter((id) => id.startsWith('node:') || id.includes('/journal/'))).toEqual([])
    expect(code).not.toMatch(/\b(?:process|Buffer|require|__dirname|globalThis\.process)\b\s*[.([]/)
    const context = createContext({ ...PLATFORM })
    runInContext(code, context)
    const seen = runInContext(
      `(async () => {
        const { EventStore } = tallystick
        const [store, receiver] = EventStore.withStreaming(100, 10, { capacity: 100 })
        let told = 0
        store.onWaiting(2, () => told++)
        store.recordEvent({ kind: 'llm_request_completed', provider: 'openai', model: 'gpt-4', inputTokens: 100, outputTokens: 50, costMicros: 6000 })
        store.recordLlmFailed('claude-3-opus-20240229', { errorMessage: 'x'.repeat(2000) })
        store.record({ kind: 'llm_request_completed' })
        await null
        await null
        const streamed = receiver.tryReceive()
        const taken = store.take(1)
        store.settle(taken, 'acked')
        const [rest] = store.snapshotEvents()
        return JSON.stringify({
          told, same: streamed.eventId === taken[0].eventId, idLength: taken[0].eventId.length, provider: rest.provider,
          message: rest.errorMessage.length, unsynced: store.unsyncedCount, dropped: [...store.dropped], stats: store.stats(),
        })
      })()`,
      context,
    )
    expect(JSON.parse(await seen)).toMatchObject({
      told: 1,
      same: true,
      idLength: 36,
      provider: 'anthropic',
      message: 1024,
      unsynced: 1,
      dropped: [['invalid', 1]],
      stats: { total_requests: 2, failed_requests: 1, total_cost_micros: 6000 },
    })
  })

  it('sends and keeps a budget in a bare V8 context that has fetch and timers', async () => {
    const { code } = await bundle()
    const posted: string[] = []
    const fetch = async (url: string, { body }: { body: Uint8Array }) => {
      const { events } = JSON.parse(new TextDecoder().decode(body)) as { events: unknown[] }
      posted.push(`${url} ${events.length}`)
      const { length } = events
      return Response.json({
        received: length,
        accepted: length,
        duplicate: 0,
        conflict: 0,
        conflicts: [],
        rejected: [],
      })
    }
    const context = createContext({ ...PLATFORM, URL, AbortController, setTimeout, clearTimeout, fetch })
    runInContext(code, context)
    const seen = runInContext(
      `(async () => {
        const { EventStore, SyncClient, SyncConfig, CostController, stopOnExit } = tallystick
        const store = new EventStore()
        const client = SyncClient.start(store, new SyncConfig('https://tallystick.example', 'token').withInterval(5_000))
        stopOnExit(client)()
        store.recordLlmFailed('gpt-4o')
        const { acked, pending } = await client.stop({ timeoutMs: 2_000 })
        const budget = new CostController(10)
        budget.commit(budget.reserve(4), 3)
        return JSON.stringify({ acked, pending, available: budget.available })
      })()`,
      context,
    )
    expect(JSON.parse(await seen)).toEqual({ acked: 1, pending: 0, available: 7 })
    expect(posted).toEqual(['https://tallystick.example/api/v1/events 1'])
  })

  it('gives an application that takes EventStore alone less than 12 kB, gzipped', async () => {
    const { code } = await bundle(['EventStore'])
    expect(gzipSync(code, { level: 9 }).length).toBeLessThan(12_000)
  })
})
