import { afterEach, describe, expect, test } from 'vitest'
import { type Alerts, createAlerts } from '../alert/alerts.ts'
import { type Receiver, startReceiver } from '../alert/testing/receiver.ts'
import { FakeTime, MINUTE_MS } from '../alert/testing/scene.ts'
import { openMemoryState } from '../state/memory.ts'
import { openMemoryStore } from '../store/memory.ts'
import { createFakeIngest } from './testing/fake-ingest.ts'
import { createTestApp, type TestApp } from './testing/test-app.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

interface Stage {
  readonly test: TestApp
  readonly time: FakeTime
  readonly alerts: Alerts
  readonly receiver: Receiver
  send(method: string, path: string, body?: unknown): Promise<{ status: number; body: Answer }>
}

/** The members that are looked into. */
interface Answer {
  readonly rule: ShownRule
  readonly rules: readonly ShownRule[]
  readonly kinds: readonly unknown[]
  readonly results: readonly unknown[]
  readonly alerts: readonly [ShownAlert, ...ShownAlert[]]
  readonly alert: unknown
  readonly next_cursor: string | null
}

interface ShownRule {
  readonly id: string
  readonly targets: readonly unknown[]
}

interface ShownAlert {
  readonly id: string
  readonly rule_id: string
  readonly deliveries: readonly [{ readonly id: string }]
}

async function stage(): Promise<Stage> {
  const time = new FakeTime()
  const state = openMemoryState()
  const store = openMemoryStore({ clock: time })
  const receiver = await startReceiver()
  const alerts = createAlerts({
    state,
    store,
    ingest: createFakeIngest(store, time.now),
    clock: time,
    timers: time,
    address: () => 'http://127.0.0.1:8088',
    send: { allowedHosts: ['127.0.0.1'] },
  })
  closers.push(
    () => alerts.close(),
    () => receiver.close(),
  )
  const test = await createTestApp({ clock: time, state, store, alerts })
  return {
    test,
    time,
    alerts,
    receiver,
    async send(method, path, body) {
      const response = await test.call(`/api/v1/alerts${path}`, {
        method,
        ...(body === undefined
          ? {}
          : {
              headers: { 'content-type': 'application/json' },
              body: typeof body === 'string' ? body : JSON.stringify(body),
            }),
      })
      return { status: response.status, body: (await response.json()) as Answer }
    },
  }
}

const SECRET = 'CANARY secret of a hook'

describe('alert rules', () => {
  test('are added, listed, replaced and removed', async () => {
    const { send, receiver } = await stage()
    const added = await send('POST', '/rules', {
      kind: 'error_rate',
      threshold: 500,
      targets: [{ kind: 'webhook', url: receiver.url, secret: SECRET }],
    })
    expect(added.status).toBe(201)
    const { rule } = added.body
    expect(rule).toMatchObject({ name: 'Error rate', threshold: 500, window_ms: 300_000, min_requests: 100, firing: 0 })

    const listed = await send('GET', '/rules')
    expect(listed.body.rules).toEqual([rule])
    expect(listed.body.kinds).toHaveLength(11)
    expect(JSON.stringify(listed.body)).not.toMatch(/CANARY|SECRET-PATH/)

    const replaced = await send('PUT', `/rules/${rule.id}`, { ...rule, name: 'Errors', enabled: false })
    expect(replaced).toMatchObject({ status: 200, body: { rule: { id: rule.id, name: 'Errors', enabled: false } } })
    expect(replaced.body.rule.targets).toEqual(rule.targets)

    expect(await send('DELETE', `/rules/${rule.id}`)).toEqual({ status: 200, body: { removed: rule.id } })
    expect((await send('GET', '/rules')).body.rules).toEqual([])
    for (const [method, path] of [
      ['PUT', ''],
      ['DELETE', ''],
      ['POST', '/test'],
    ] as const)
      expect(
        await send(method, `/rules/${rule.id}${path}`, method === 'PUT' ? { kind: 'no_data' } : undefined),
      ).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      })
  })

  test('that are wrong are refused with everything that is wrong', async () => {
    const { send } = await stage()
    expect(await send('POST', '/rules', { kind: 'error_rate', threshold: -1, window_ms: 1 })).toMatchObject({
      status: 400,
      body: { code: 'invalid_rule', issues: [{ path: 'threshold' }, { path: 'window_ms' }] },
    })
    expect(await send('POST', '/rules', '{')).toMatchObject({ status: 400, body: { code: 'invalid_json' } })
    expect(
      await send('POST', '/rules', { kind: 'no_data', targets: [{ kind: 'webhook', url: 'http://169.254.169.254/' }] }),
    ).toMatchObject({
      status: 400,
      body: { issues: [{ path: 'targets[0].url', message: expect.stringContaining('alerts.allowed_hosts') }] },
    })
  })

  test('tell what methods they take', async () => {
    const { test } = await stage()
    const response = await test.call('/api/v1/alerts/rules/x', { method: 'OPTIONS' })
    expect(response.headers.get('access-control-allow-methods')).toBe('PUT, DELETE, OPTIONS')
    expect((await test.call('/api/v1/alerts/rules/x', { method: 'PATCH' })).status).toBe(405)
  })

  test('are tested: each target says what it says', async () => {
    const { send, receiver } = await stage()
    const targets = [
      { kind: 'webhook', url: receiver.url, secret: SECRET },
      { kind: 'slack', url: `http://127.0.0.1:1/closed` },
    ]
    const { rule } = (await send('POST', '/rules', { kind: 'no_data', targets })).body
    const { body } = await send('POST', `/rules/${rule.id}/test`)
    expect(body.results).toEqual([
      { target: rule.targets[0], ok: true, detail: 'answered 204', took_ms: expect.any(Number) },
      { target: rule.targets[1], ok: false, detail: 'failed: ECONNREFUSED', took_ms: expect.any(Number) },
    ])
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      type: 'alert.test',
      alert: { severity: 'info', title: expect.stringContaining('test') },
      url: 'http://127.0.0.1:8088',
    })
    expect((await send('GET', '')).body.alerts).toEqual([])
  })
})

describe('alerts', () => {
  test('are listed with what became of each message, by page, and acknowledged', async () => {
    const { send, receiver, time, alerts } = await stage()
    alerts.start()
    await send('POST', '/rules', {
      kind: 'no_data',
      window_ms: MINUTE_MS,
      targets: [{ kind: 'webhook', url: receiver.url, secret: SECRET }],
    })
    await send('POST', '/rules', { kind: 'no_data', window_ms: 2 * MINUTE_MS, name: 'Later' })
    await time.advance(3 * MINUTE_MS)
    await receiver.has(1)
    await alerts.idle()

    const { body } = await send('GET', '?limit=1')
    expect(body.alerts).toHaveLength(1)
    const next = (await send('GET', `?state=firing&limit=1&cursor=${body.next_cursor}`)).body
    expect(next.next_cursor).toBeNull()
    const [alert] = next.alerts
    expect(alert).toMatchObject({
      kind: 'no_data',
      severity: 'warning',
      title: '0 requests within 1 min, fewer than 1 request',
      resolved_ms: null,
      deliveries: [{ event: 'fired', attempts: 1, delivered_ms: expect.any(Number), error: null }],
    })
    expect(JSON.stringify(next)).not.toMatch(/CANARY|SECRET-PATH/)
    expect(JSON.parse(receiver.received[0]?.body ?? '').id).toBe(alert.deliveries[0].id)

    const acknowledged = await send('POST', `/${alert.id}/acknowledge`)
    expect(acknowledged.body.alert).toMatchObject({ id: alert.id, acknowledged_by: 'local', deliveries: [{}] })
    expect((await send('GET', '?state=resolved')).body.alerts).toEqual([])
    expect((await send('GET', `?rule_id=${alert.rule_id}`)).body.alerts).toHaveLength(1)
    expect((await send('POST', '/nothing/acknowledge')).status).toBe(404)
  })

  test.each(['?limit=0', '?limit=1001', '?cursor=x', '?state=open', '?sate=all'])('%s is refused', async (search) => {
    const { send } = await stage()
    expect((await send('GET', search)).status).toBe(400)
  })
})
