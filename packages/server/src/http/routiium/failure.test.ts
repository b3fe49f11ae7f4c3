import { TallystickError } from '@tallystick/core'
import { describe, expect, it } from 'vitest'
import { openMemoryStore } from '../../store/memory.ts'
import type { UsageStore } from '../../store/store.ts'
import { createTestApp } from '../testing/test-app.ts'

const failing = (error: Error): UsageStore => {
  const store = openMemoryStore()
  const fail = (): Promise<never> => Promise.reject(error)
  return Object.assign(store, { query: fail, scan: fail, stats: fail, clear: fail })
}

const ROUTES = [
  ['GET', '/analytics/stats', 'Failed to get analytics stats'],
  ['GET', '/analytics/events', 'Failed to query events'],
  ['GET', '/analytics/aggregate', 'Failed to aggregate analytics'],
  ['GET', '/analytics/export', 'Failed to export analytics'],
  ['GET', '/analytics/export?format=csv', 'Failed to export analytics'],
  ['POST', '/analytics/clear', 'Failed to clear analytics'],
] as const

describe.each(ROUTES)('an error of %s %s', (method, path, failed) => {
  it('says what failed, and nothing of what lies behind an error nobody foresaw', async () => {
    const { call, errors } = await createTestApp({ store: failing(new Error('secret path')) })
    const response = await call(path, { method })
    expect(response.status).toBe(500)
    expect(response.headers.get('content-type')).toBe('application/json')
    const body = (await response.json()) as { error: { message: string } }
    expect(body).toEqual({ error: { message: expect.stringMatching(`^${failed}: `) } })
    expect(body.error.message).not.toContain('secret')
    expect(errors).toHaveLength(1)
  })

  it('is 503 in the words of the dialect when the store is not available, and says when to come again', async () => {
    const { call } = await createTestApp({ store: failing(new TallystickError('store_unavailable', 'at /path')) })
    const response = await call(path, { method })
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await response.json()).toEqual({ error: { message: 'Analytics not enabled' } })
  })

  it('has the shape of the dialect for a method it does not take', async () => {
    const { call } = await createTestApp()
    const response = await call(path, { method: 'PATCH' })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toContain(method)
    expect(await response.json()).toEqual({ error: { message: expect.stringContaining('PATCH') } })
  })
})

describe('a list that fails half-way', () => {
  it('breaks off, so that nobody takes it for whole, and is reported', async () => {
    const { app, call, store, errors, post } = await createTestApp()
    const items = Array.from({ length: 3_000 }, (_, index) => ({
      event_id: `e${index}`,
      timestamp_ms: app.context.clock.now() - index,
      model: 'gpt-4o',
    }))
    expect(await post('/api/v1/events', items)).toMatchObject({ status: 200 })
    const { scan } = store
    let scans = 0
    store.scan = (request) => (++scans > 1 ? Promise.reject(new Error('gone')) : scan.call(store, request))
    for (const path of ['/analytics/events', '/analytics/export?format=csv']) {
      scans = 0
      const response = await call(path)
      expect(response.status).toBe(200)
      await expect(response.text()).rejects.toThrow()
    }
    expect(errors).toHaveLength(2)
  })

  it('reads no further for a client that went away', async () => {
    const { app, call, store, post } = await createTestApp()
    const items = Array.from({ length: 9_000 }, (_, index) => ({
      event_id: `e${index}`,
      timestamp_ms: app.context.clock.now() - index,
      model: 'gpt-4o',
    }))
    await post('/api/v1/events', items)
    const { scan } = store
    let scans = 0
    store.scan = (request) => {
      scans++
      return scan.call(store, request)
    }
    const reader = ((await call('/analytics/events')).body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    await reader.cancel()
    // One page was asked for, and perhaps the one after it; never the whole.
    expect(scans).toBeLessThanOrEqual(2)
    expect((await call('/analytics/events', { method: 'HEAD' })).status).toBe(200)
    expect(scans).toBeLessThanOrEqual(4)
  })
})
