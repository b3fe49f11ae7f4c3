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

  it('gives an application that takes EventStore alone less than 12 kB, gzipped', async () => {
    const { code } = await bundle(['EventStore'])
    expect(gzipSync(code, { level: 9 }).length).toBeLessThan(12_000)
  })
})
