import { TallystickError } from '@tallystick/core'
import { describe, expect, test } from 'vitest'
import { LOCAL, type Principal } from '../identity/principal.ts'
import { openMemoryState } from '../state/memory.ts'
import type { ControlState } from '../state/state.ts'
import { openMemoryStore } from '../store/memory.ts'
import { signature } from './delivery/signature.ts'
import { MAX_HISTORY } from './firings.ts'
import { startReceiver } from './testing/receiver.ts'
import { DAY_MS, FAILED, FakeTime, HOUR_MS, MINUTE_MS, START_MS, scene } from './testing/scene.ts'

const FAILING = { kind: 'error_rate', threshold: 1_000, min_requests: 10 }

describe('a firing', () => {
  test('begins only after it has held for as long as the rule says, without a break', async () => {
    const stage = scene()
    await stage.rule({ ...FAILING, window_ms: MINUTE_MS, for_ms: 3 * MINUTE_MS })
    await stage.minutes(3, { ...FAILED, count: 10 })
    await stage.minute({ count: 10 })
    await stage.minutes(3, { ...FAILED, count: 10 })
    expect(stage.firing()).toEqual([])
    await stage.minute({ ...FAILED, count: 10 })
    expect(stage.firing()).toHaveLength(1)
  })

  test('stays through what hovers at the threshold, and through minutes of quiet', async () => {
    const stage = scene()
    await stage.rule({ ...FAILING, window_ms: MINUTE_MS, for_ms: 0 })
    for (let round = 0; round < 10; round++) {
      await stage.minute({ ...FAILED, count: 101 }, { count: 899 })
      await stage.minutes(3, { ...FAILED, count: 89 }, { count: 911 })
      // Below the threshold, but not by the ease.
      await stage.minutes(6, { ...FAILED, count: 95 }, { count: 905 })
    }
    expect(stage.all()).toHaveLength(1)
    expect(stage.firing()).toHaveLength(1)
    await stage.minutes(6, { count: 1000 })
    expect(stage.firing()).toEqual([])
  })

  test('is told once over a restart, and is over after one', async () => {
    const state = openMemoryState()
    const before = scene({ state })
    await before.rule({ kind: 'no_data', window_ms: MINUTE_MS })
    await before.minutes(2)
    await before.alerts.close()

    const after = scene({ state })
    after.time.nowMs = before.time.nowMs
    await after.minutes(5)
    expect(after.all()).toHaveLength(1)
    await after.minutes(7, { count: 1 })
    expect(after.all().map(({ resolvedMs }) => resolvedMs)).toEqual([expect.any(Number)])
    await after.minutes(2)
    expect(after.all()).toHaveLength(2)
  })

  test('ends when its rule is changed, switched off or removed', async () => {
    const stage = scene()
    const rule = { kind: 'no_data', window_ms: MINUTE_MS }
    const { id } = await stage.rule(rule)
    await stage.minutes(2)
    await stage.alerts.replace(id, { ...rule, name: 'Quiet' }, LOCAL)
    expect(stage.firing()).toHaveLength(1)
    await stage.alerts.replace(id, { ...rule, threshold: 2 }, LOCAL)
    expect(stage.firing()).toEqual([])
    await stage.minutes(1)
    expect(stage.firing()).toHaveLength(1)
    await stage.alerts.replace(id, { ...rule, enabled: false }, LOCAL)
    await stage.minutes(2)
    expect(stage.firing()).toEqual([])
    await stage.alerts.replace(id, rule, LOCAL)
    await stage.minutes(1)
    await stage.alerts.remove(id, LOCAL)
    await stage.minutes(1)
    expect(stage.firing()).toEqual([])
    expect(stage.all()).toHaveLength(3)
  })

  test('keeps who has acknowledged it when it ends', async () => {
    const stage = scene()
    await stage.rule({ kind: 'no_data', window_ms: MINUTE_MS })
    await stage.minutes(1)
    const [open] = stage.all()
    await stage.alerts.acknowledge(open?.id ?? '', LOCAL)
    await stage.minutes(7, { count: 1 })
    expect(stage.all()).toMatchObject([{ acknowledgedBy: 'local', resolvedMs: expect.any(Number) }])
  })

  test('is told to whoever listens', async () => {
    const stage = scene()
    const heard: string[] = []
    const stop = stage.alerts.onFiring(({ kind }, event) => heard.push(`${kind} ${event}`))
    await stage.rule({ kind: 'no_data', window_ms: MINUTE_MS })
    await stage.minutes(1)
    await stage.minutes(7, { count: 1 })
    stop()
    await stage.minutes(2)
    expect(heard).toEqual(['no_data fired', 'no_data resolved'])
  })
})

describe('what is still to be told', () => {
  test('goes to the targets that the rule has by then, signed with the secret that they have by then', async () => {
    const receiver = await startReceiver()
    const stage = scene({ send: { allowedHosts: ['127.0.0.1'] } })
    const target = (path: string, secret: string): object => ({
      kind: 'webhook',
      url: `${receiver.url}/${path}`,
      secret,
    })
    const rule = { kind: 'no_data', window_ms: MINUTE_MS }
    const { id } = await stage.rule({
      ...rule,
      targets: [target('kept', 'the first secret'), target('gone', 'the first secret')],
    })
    await stage.minutes(1)
    await stage.alerts.replace(id, { ...rule, targets: [target('kept', 'the second secret')] }, LOCAL)
    stage.alerts.start()
    await receiver.has(1)
    await stage.alerts.idle()
    const [one] = receiver.received
    const [, seconds] = /^t=(\d+)/.exec(String(one?.headers['tallystick-signature'])) ?? []
    expect(one?.headers['tallystick-signature']).toBe(signature('the second secret', Number(seconds), one?.body ?? ''))
    expect(receiver.received).toHaveLength(1)
    expect([...stage.state.rows('deliveries').values()].map(({ lastError }) => lastError)).toEqual([
      undefined,
      expect.stringContaining('removed'),
    ])
    await stage.alerts.close()
    await receiver.close()
  })
})

describe('a source', () => {
  test('that lost more after its alert was history is told of again, by what is new', async () => {
    const stage = scene()
    await stage.rule({ kind: 'dropped' })
    stage.gaps = [{ told: 2 }]
    await stage.minutes(70)
    expect(stage.firing()).toEqual([])
    stage.gaps = [{ told: 5 }]
    await stage.minute()
    expect(stage.firing()).toEqual(['Source gateway-1 has dropped 3 events'])
  })

  test('whose gap has healed starts again from nothing', async () => {
    const stage = scene()
    await stage.rule({ kind: 'source_gap', for_ms: 0 })
    stage.gaps = [{ untold: 5 }]
    await stage.minutes(1)
    stage.gaps = []
    await stage.minutes(7)
    stage.gaps = [{ untold: 2 }]
    await stage.minutes(1)
    expect(stage.firing()).toEqual(['Source gateway-1: 2 events are missing and have not been told of'])
  })

  test('is told of for each of its lives, and to its tenant', async () => {
    const stage = scene()
    await stage.rule({ kind: 'dropped', tenant_id: 'acme' })
    stage.gaps = [
      { told: 1, tenant_id: 'acme', epoch: 1 },
      { told: 1, tenant_id: 'acme', epoch: 2 },
      { told: 1, tenant_id: 'other' },
      { told: 1 },
    ]
    await stage.minutes(3)
    expect(stage.all().map(({ facts }) => facts['epoch'])).toEqual([1, 2])
  })
})

describe('a round', () => {
  test('goes on after a rule that fails, and says so in its health', async () => {
    const time = new FakeTime()
    const memory = openMemoryStore({ clock: time })
    const stage = scene({
      clock: time,
      store: {
        ...memory,
        append: memory.append.bind(memory),
        query: async (query, options) => {
          if (query.filters.length > 0) throw new Error('CANARY /secret/path')
          return memory.query(query, options)
        },
      } as typeof memory,
    })
    const broken = await stage.rule({ kind: 'no_data', window_ms: MINUTE_MS, filters: { provider: 'openai' } })
    const sound = await stage.rule({ kind: 'no_data', window_ms: MINUTE_MS })
    await time.advance(2 * MINUTE_MS)
    await stage.alerts.run(time.nowMs)
    expect(stage.all().map(({ ruleId }) => ruleId)).toEqual([sound.id])
    expect(stage.alerts.health(broken).error).toMatch(/server log/)
    expect(stage.alerts.health(sound)).toEqual({ evaluatedMs: START_MS + 2 * MINUTE_MS, firing: 1 })
  })

  test('concludes nothing from a store that has not come so far', async () => {
    const time = new FakeTime()
    const memory = openMemoryStore({ clock: time })
    let behindMs = 10 * MINUTE_MS
    const stage = scene({
      store: {
        ...memory,
        query: async (query, options) => {
          const answer = await memory.query(query, options)
          return { ...answer, complete_to_ms: stage.time.nowMs - behindMs }
        },
      } as typeof memory,
    })
    await stage.rule({ kind: 'no_data', window_ms: MINUTE_MS })
    const run = async (): Promise<void> => {
      await stage.time.advance(2 * MINUTE_MS)
      await stage.alerts.run(stage.time.nowMs)
    }
    await run()
    expect(stage.firing()).toEqual([])
    behindMs = 0
    await run()
    expect(stage.firing()).toHaveLength(1)
  })

  test('fires again what could not be written, with its deliveries, and nothing of it before', async () => {
    const state = openMemoryState()
    let full = false
    const flaky: ControlState = {
      ...state,
      write: async (changes) => {
        if (full) throw new TallystickError('disk_full')
        return state.write(changes)
      },
    }
    const stage = scene({ state: flaky })
    await stage.rule({
      kind: 'no_data',
      window_ms: MINUTE_MS,
      targets: [{ kind: 'webhook', url: 'https://example.com/h' }],
    })
    full = true
    await stage.minutes(3)
    expect(stage.all()).toEqual([])
    full = false
    await stage.minutes(1)
    expect(stage.all()).toHaveLength(1)
    expect([...state.rows('deliveries').values()]).toHaveLength(1)
  })

  test('asks for the tenant of a rule, and for what its filters leave', async () => {
    const stage = scene()
    await stage.rule({ kind: 'unpriced', tenant_id: 'acme', filters: { provider: ['openai'], status_code: '200' } })
    await stage.minutes(
      2,
      { tenantId: 'other', statusCode: 200 },
      { tenantId: 'acme', statusCode: 200, provider: 'cohere' },
    )
    expect(stage.firing()).toEqual([])
    await stage.minutes(1, { tenantId: 'acme', statusCode: 200 })
    expect(stage.all()).toMatchObject([{ tenantId: 'acme', facts: { value: 1 } }])
  })

  test('does not mistake names that objects know for something of its own (S-2)', async () => {
    const stage = scene()
    await stage.rule({ kind: 'provider_down', for_ms: 0 })
    const names = ['__proto__', 'constructor', 'toString', 'a.__proto__.b']
    await stage.minute(...names.map((provider) => ({ ...FAILED, provider, count: 5 })))
    expect(stage.all().map(({ facts }) => facts['provider'])).toEqual(expect.arrayContaining(names))
    expect(({} as Record<string, unknown>)['provider']).toBeUndefined()
  })

  test('fires for a hundred names that somebody makes up and no more', async () => {
    const stage = scene()
    await stage.rule({ kind: 'provider_down', for_ms: 0 })
    await stage.minute(...Array.from({ length: 300 }, (_, n) => ({ ...FAILED, provider: `p${n}`, count: 5 })))
    expect(stage.all()).toHaveLength(100)
  })
})

describe('history', () => {
  test('is kept up to a bound, and with the oldest go their deliveries', async () => {
    const state = openMemoryState()
    const old = Array.from({ length: MAX_HISTORY }, (_, n) => ({
      id: `f-${n}`,
      key: ['r', n],
      ruleId: 'r',
      kind: 'no_data' as const,
      severity: 'info' as const,
      title: 'old',
      facts: {},
      firedMs: n,
      resolvedMs: n,
    }))
    await state.write([
      ...old.map((row) => ({ table: 'firings' as const, id: row.id, row })),
      {
        table: 'deliveries',
        id: 'd-0',
        row: {
          id: 'd-0',
          firingId: 'f-0',
          target: { kind: 'mail', to: 'a@b' },
          attempts: 1,
          nextMs: 0,
          untilMs: 0,
          deliveredMs: 1,
        },
      },
    ])
    const stage = scene({ state })
    await stage.rule({ kind: 'no_data', window_ms: MINUTE_MS })
    await stage.minutes(1)
    await stage.minutes(7, { count: 1 })
    await stage.minutes(2)
    expect(state.rows('firings').size).toBe(MAX_HISTORY + 1)
    expect(state.rows('firings').has('f-0')).toBe(false)
    expect(state.rows('deliveries').size).toBe(0)
  })
})

describe('whoever belongs to a tenant', () => {
  const acme: Principal = { kind: 'key', name: 'key a', scopes: new Set(['read', 'admin']), tenantId: 'acme' }
  const other: Principal = { ...acme, name: 'key b', tenantId: 'other' }
  const agent: Principal = { ...acme, name: 'key c', agentIds: new Set(['agent_1']) }

  test('sees and changes the rules and alerts of that tenant only', async () => {
    const stage = scene()
    const rule = await stage.alerts.create({ kind: 'no_data', window_ms: MINUTE_MS }, acme)
    await stage.rule({ kind: 'no_data', window_ms: MINUTE_MS })
    await stage.minutes(1)
    const listing = { state: 'all', limit: 10 } as const
    expect(rule.tenantId).toBe('acme')
    expect(stage.alerts.rules(acme)).toEqual([rule])
    expect(stage.alerts.rules(LOCAL)).toHaveLength(2)
    const { firings } = stage.alerts.firings(listing, acme)
    expect(firings.map(({ ruleId }) => ruleId)).toEqual([rule.id])

    expect(stage.alerts.rules(other)).toEqual([])
    expect(stage.alerts.firings(listing, other).firings).toEqual([])
    for (const attempt of [
      stage.alerts.replace(rule.id, { kind: 'no_data' }, other),
      stage.alerts.remove(rule.id, other),
      stage.alerts.test(rule.id, other),
      stage.alerts.acknowledge(firings[0]?.id ?? '', other),
    ])
      await expect(attempt).rejects.toMatchObject({ code: 'not_found' })
    await stage.alerts.remove(rule.id, acme)
    expect(stage.alerts.firings(listing, acme).firings).toHaveLength(1)
    expect(stage.alerts.firings(listing, other).firings).toEqual([])
  })

  test('and is bound to agents, makes rules about those agents', async () => {
    const stage = scene()
    const rule = await stage.alerts.create({ kind: 'error_rate' }, agent)
    expect(rule.filters).toEqual({ agent_id: ['agent_1'] })
    await stage.alerts.create({ kind: 'error_rate' }, acme)
    expect(stage.alerts.rules(agent)).toEqual([rule])
    await expect(stage.alerts.create({ kind: 'dropped' }, agent)).rejects.toMatchObject({ code: 'invalid_rule' })
  })
})

test('lists a page at a time, newest first', async () => {
  const stage = scene()
  await stage.rule({ kind: 'provider_down', for_ms: 0 })
  await stage.minute(...Array.from({ length: 5 }, (_, n) => ({ ...FAILED, provider: `p${n}`, count: 5 })))
  const seen: string[] = []
  let after: string | undefined
  do {
    const page = stage.alerts.firings({ state: 'firing', limit: 2, ...(after === undefined ? {} : { after }) }, LOCAL)
    seen.push(...page.firings.map(({ id }) => id))
    after = page.next
  } while (after !== undefined)
  expect(seen).toEqual(
    stage
      .all()
      .map(({ id }) => id)
      .reverse(),
  )
})

test('a wall clock far ahead or behind loses no rule', async () => {
  const stage = scene()
  await stage.rule({ kind: 'no_data', window_ms: HOUR_MS })
  stage.time.nowMs += 400 * DAY_MS
  await stage.minutes(1)
  expect(stage.firing()).toHaveLength(1)
})
