import { TallystickError } from '@tallystick/core'
import { describe, expect, test } from 'vitest'
import { openMemoryState } from '../state/memory.ts'
import { createTestApp, NOW_MS, type TestApp } from './testing/test-app.ts'

interface Page {
  readonly entries: readonly { readonly id: string; readonly action: string }[]
  readonly next_before: string | null
}

const pageOf = async ({ call }: TestApp, search = ''): Promise<Page> =>
  (await (await call(`/api/v1/audit${search}`)).json()) as Page

describe('GET /api/v1/audit', () => {
  test('gives pages, newest first, and tells how to go on', async () => {
    const app = await createTestApp()
    const { state, audit } = app.app.context
    for (let index = 1; index <= 5; index++)
      await state.write(audit.record({ name: 'key k7f3', tenantId: 'acme' }, 'key.create', `k${index}`, { index }))
    expect(await pageOf(app, '?limit=2')).toEqual({
      entries: [5, 4].map((index) => ({
        id: String(index),
        at_ms: NOW_MS,
        actor: 'key k7f3',
        tenant_id: 'acme',
        action: 'key.create',
        target: `k${index}`,
        facts: { index },
      })),
      next_before: '4',
    })
    const last = await pageOf(app, '?limit=3&before=4')
    expect(last).toMatchObject({ entries: [{ id: '3' }, { id: '2' }, { id: '1' }], next_before: null })
    expect(await pageOf(app, '?limit=3&before=1')).toEqual({ entries: [], next_before: null })
  })

  test.each([
    ['?before=abc', 'invalid_cursor'],
    ['?before=-1', 'invalid_cursor'],
    ['?limit=0', 'invalid_query'],
    ['?limit=1001', 'invalid_query'],
    ['?after=1', 'unknown_parameter'],
  ])('refuses %s', async (search, code) => {
    const { call } = await createTestApp()
    const answer = await call(`/api/v1/audit${search}`)
    expect([answer.status, await answer.json()]).toMatchObject([400, { code }])
  })
})

describe('what is taken away or removed', () => {
  test('is written down, with who and how much', async () => {
    const app = await createTestApp()
    for (const path of [
      '/api/v1/export?format=csv&from=1795176000000&to=1795262400000',
      '/analytics/export?start=1795176000&end=1795262400&format=csv',
    ])
      expect((await app.call(path)).status).toBe(200)
    expect((await app.call('/analytics/clear', { method: 'POST' })).status).toBe(200)
    expect((await pageOf(app)).entries).toEqual([
      { id: '3', at_ms: NOW_MS, actor: 'local', action: 'events.clear' },
      {
        id: '2',
        at_ms: NOW_MS,
        actor: 'local',
        action: 'events.export',
        facts: { format: 'csv', from_s: 1795176000, to_s: 1795262400 },
      },
      {
        id: '1',
        at_ms: NOW_MS,
        actor: 'local',
        action: 'events.export',
        facts: { format: 'csv', from_ms: 1795176000000, to_ms: 1795262400000 },
      },
    ])
  })

  test('is not written down when it is refused', async () => {
    const app = await createTestApp()
    expect((await app.call('/api/v1/export?format=xml')).status).toBe(400)
    expect((await app.call('/api/v1/backup')).status).toBe(404)
    expect((await pageOf(app)).entries).toEqual([])
  })

  test('is given even so on a full disk, but nothing is removed', async () => {
    const full = async (): Promise<void> => {
      throw new TallystickError('disk_full')
    }
    const app = await createTestApp({ state: { ...openMemoryState(), write: full } })
    await app.post('/api/v1/events', { model: 'gpt-4o', input_tokens: 1 })
    expect((await app.call('/api/v1/export')).status).toBe(200)
    expect(app.errors).toMatchObject([{ code: 'disk_full' }])
    const answer = await app.call('/analytics/clear', { method: 'POST' })
    expect(answer.status).toBe(507)
    expect((await app.store.stats()).events).toBe(1)
  })
})

test('rules of alerts that are made, changed and removed are written down, and nothing of where they tell', async () => {
  const app = await createTestApp()
  const send = (method: string, path: string, body?: object): Promise<Response> =>
    app.call(path, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
  const targets = [{ kind: 'webhook', url: 'https://hooks.example/very-secret-path' }]
  const made = (await (await send('POST', '/api/v1/alerts/rules', { kind: 'no_data', targets })).json()) as {
    rule: { id: string }
  }
  const path = `/api/v1/alerts/rules/${made.rule.id}`
  expect((await send('PUT', path, { kind: 'no_data', enabled: false })).status).toBe(200)
  expect((await send('DELETE', path)).status).toBe(200)
  const page = await pageOf(app)
  expect(page.entries).toMatchObject([
    { action: 'alert_rule.delete', target: made.rule.id },
    { action: 'alert_rule.update', facts: { enabled: false, targets: 0 } },
    { action: 'alert_rule.create', facts: { kind: 'no_data', targets: 1 } },
  ])
  expect(JSON.stringify(page)).not.toContain('very-secret-path')
})
