import { describe, expect, it } from 'vitest'
import { mintKey } from '../identity/api-key.ts'
import type { ApiKey } from '../state/key.ts'
import { openMemoryState } from '../state/memory.ts'
import type { ControlState } from '../state/state.ts'
import { createTestApp, NOW_MS, type TestApp } from './testing/test-app.ts'

/** More than one page of an export. */
const EVENTS = 5_000

async function withReader(): Promise<{ app: TestApp; state: ControlState; row: ApiKey; authorization: string }> {
  const state = openMemoryState()
  const { id, text, secretHash } = mintKey()
  const row: ApiKey = { id, name: 'reader', secretHash, scopes: ['read', 'admin'], createdMs: NOW_MS }
  const app = await createTestApp({ state })
  const items = Array.from({ length: EVENTS }, (_, at) => ({
    event_id: `e-${at}`,
    model: 'm',
    timestamp_ms: NOW_MS - at,
  }))
  await app.ingest.submit({ items, door: 'test' })
  await state.write([{ table: 'keys', id, row }])
  return { app, state, row, authorization: `Bearer ${text}` }
}

/** Reads to the end; gives how much came, and how it ended. */
async function rest(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<{ bytes: number; how: 'end' | 'broken' }> {
  let bytes = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return { bytes, how: 'end' }
      bytes += value.byteLength
    }
  } catch {
    return { bytes, how: 'broken' }
  }
}

describe('an answer that goes on', () => {
  it.each(['/api/v1/live', '/api/v1/export', '/analytics/events?start=0', '/analytics/export?start=0'])(
    'breaks off when the key is revoked: %s',
    async (path) => {
      const { app, state, row, authorization } = await withReader()
      const response = await app.call(path, { headers: { authorization } })
      expect(response.status).toBe(200)
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      expect((await reader.read()).done).toBe(false)
      await state.write([{ table: 'keys', id: row.id, row: { ...row, revokedMs: NOW_MS } }])
      // Of a list half must not look like the whole; a stream of events has no whole, and its end is no fault.
      expect(await rest(reader)).toEqual({ bytes: 0, how: path === '/api/v1/live' ? 'end' : 'broken' })
      expect(app.live.stats().streams).toBe(0)
      // What was held for it is given back, for others.
      expect(() => app.app.context.downloads.assertRoom()).not.toThrow()
    },
  )

  it('is whole when nothing is revoked, and is let go of by whoever leaves', async () => {
    const { app, authorization } = await withReader()
    const whole = await app.call('/api/v1/export', { headers: { authorization } })
    expect((await whole.text()).trim().split('\n')).toHaveLength(EVENTS)
    const left = await app.call('/api/v1/live', { headers: { authorization } })
    expect(app.live.stats().streams).toBe(1)
    await left.body?.cancel()
    expect(app.live.stats().streams).toBe(0)
  })
})
