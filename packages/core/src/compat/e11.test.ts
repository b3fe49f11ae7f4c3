import { cpSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  cleanUpAll,
  DAY_MS,
  fragileFs,
  HOUR_MS,
  NOW_MS,
  numbersIn,
  openAnalytics,
  recordTimes,
  TestClock,
  temporaryDir,
} from './testing/analytics.ts'
import { UsageAnalytics } from './usage-analytics.ts'

afterEach(cleanUpAll)

const ASK = { tool_name: 'ask', backend_used: 'gemini', processing_time_ms: 100 }

const allFiles = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

describe('the twenty defects of the old class', () => {
  it('E11-1 ten events of one tool in one millisecond are ten events', async () => {
    const dir = temporaryDir()
    const analytics = openAnalytics(dir)
    await recordTimes(analytics, 10, { ...ASK, timestamp: new Date(NOW_MS).toISOString() })
    await analytics.cleanup()
    expect((await openAnalytics(dir).getHistoricalAnalytics('1h')).totals.requests).toBe(10)
  })

  it('E11-2 the name of a tool is a name and never a path', async () => {
    const root = temporaryDir()
    const dir = join(root, 'a', 'b', 'data')
    const analytics = openAnalytics(dir)
    const names = ['/../../../../escape', 'a/b', '..\\..\\escape', 'nul\0byte', '.', 'x'.repeat(10_000)]
    for (const tool_name of names) await analytics.recordInvocation({ ...ASK, tool_name })
    expect(allFiles(root).every((file) => file.startsWith(join(dir, 'journal')))).toBe(true)
    const { tool_popularity } = await analytics.getHistoricalAnalytics('1h')
    expect(tool_popularity).toMatchObject({ '/../../../../escape': 1, 'a/b': 1, '..\\..\\escape': 1, nulbyte: 1 })
  })

  it('E11-3 names of what objects inherit are names like any other', async () => {
    const analytics = openAnalytics()
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
    for (const name of names) {
      await analytics.recordInvocation({ ...ASK, backend_used: name, tool_name: name, routing_method: name })
    }
    expect(({} as Record<string, unknown>)['requests']).toBeUndefined()
    expect(Object.keys(Object.prototype)).toEqual([])
    expect((Object as unknown as Record<string, unknown>)['requests']).toBeUndefined()
    const { backend_usage, tool_usage } = analytics.getSessionStats().metrics
    expect(Object.keys(backend_usage)).toEqual(names)
    expect(Object.values(backend_usage).map(({ requests }) => requests)).toEqual([1, 1, 1, 1])
    expect(Object.keys(tool_usage)).toEqual(names)
    const history = await analytics.getHistoricalAnalytics()
    expect(Object.keys(history.backend_performance)).toEqual(names)
    expect(Object.entries(history.tool_popularity)).toEqual(names.map((name) => [name, 1]))
    expect(Object.keys((await analytics.getCostAnalysis()).breakdown)).toEqual(names)
  })

  it('E11-4 a time that nobody gave makes no NaN, and the report is written', async () => {
    const analytics = openAnalytics()
    await analytics.recordInvocation({ tool_name: 'ask', backend_used: 'local' })
    await analytics.recordInvocation({ ...ASK, processing_time_ms: Number.NaN, tokens_used: Number.POSITIVE_INFINITY })
    await analytics.recordInvocation({ ...ASK, processing_time_ms: 300 })
    const report = await analytics.exportReport('object')
    expect(numbersIn(report).filter((number) => !Number.isFinite(number))).toEqual([])
    // Three requests, of which one says how long it took.
    expect(analytics.getSessionStats().metrics).toMatchObject({
      total_processing_time_ms: 300,
      avg_processing_time_ms: 300,
      backend_usage: { local: { requests: 1, avg_time_ms: 0 }, gemini: { requests: 2, avg_time_ms: 300 } },
    })
    const markdown = await analytics.exportReport('markdown')
    expect(markdown).toContain('| local | 1 | 100.0% | 0 | 0 |')
    expect(markdown).not.toMatch(/NaN|undefined|null/)
  })

  it('E11-5 digits in a text are the number, and told', async () => {
    const analytics = openAnalytics()
    await analytics.recordInvocation({ ...ASK, tokens_used: '5' })
    await analytics.recordInvocation({ ...ASK, tokens_used: 7, processing_time_ms: ' 12.5 ' })
    await analytics.recordInvocation({ ...ASK, tokens_used: 'many' })
    expect(analytics.getSessionStats().metrics).toMatchObject({ total_tokens: 12, total_processing_time_ms: 213 })
    expect(analytics.getRecordingStatus().repaired).toEqual({ tokens_used: 2, processing_time_ms: 1 })
  })

  it('E11-6 a range is one of event time, whenever the files were written', async () => {
    const dir = temporaryDir()
    const analytics = openAnalytics(dir)
    await analytics.recordInvocation({ ...ASK, timestamp: '2020-05-01T10:00:00Z' })
    await analytics.recordInvocation({ ...ASK, timestamp: NOW_MS - 2 * HOUR_MS })
    await analytics.recordInvocation(ASK)
    await analytics.cleanup()
    const copy = temporaryDir()
    cpSync(dir, copy, { recursive: true })
    for (const where of [dir, copy]) {
      const again = openAnalytics(where)
      const counts = [
        await again.getHistoricalAnalytics('1h'),
        await again.getHistoricalAnalytics('24h'),
        await again.getHistoricalAnalytics({ from: '2020-01-01T00:00:00Z' }),
      ].map(({ totals }) => totals.requests)
      expect(counts).toEqual([1, 2, 3])
    }
  })

  it.each(['7days', '2h', '', 'constructor', '__proto__', null, 7, { from: 'monday' }, { from: 5, to: 4 }])(
    'E11-7 %j is no range, and an error says which there are',
    async (range) => {
      const analytics = openAnalytics()
      const refused = { code: 'invalid_period' }
      await expect(analytics.getHistoricalAnalytics(range as '7d')).rejects.toMatchObject(refused)
      await expect(analytics.exportReport('json', range as '7d')).rejects.toMatchObject(refused)
      await expect(analytics.getCostAnalysis({}, { timeRange: range as '7d' })).rejects.toMatchObject(refused)
    },
  )

  it('E11-8 first is before last whatever the order of the events', () => {
    const analytics = openAnalytics()
    const event = fc.record({
      tool_name: fc.constantFrom('ask', 'review'),
      backend_used: fc.constantFrom('local', 'gemini'),
      processing_time_ms: fc.nat(10_000),
      success: fc.boolean(),
      timestamp: fc.integer({ min: NOW_MS - DAY_MS, max: NOW_MS }).map((ms) => new Date(ms).toISOString()),
      error: fc.record({ type: fc.constantFrom('A', 'B'), message: fc.constantFrom('x 1', 'x 2', 'y', 'z') }),
    })
    const shuffled = fc
      .array(event, { minLength: 1, maxLength: 30 })
      .chain((events) =>
        fc.tuple(
          fc.constant(events),
          fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length }),
        ),
      )
    fc.assert(
      fc.property(shuffled, ([events, other]) => {
        const history = analytics.aggregateEvents(events)
        const stamps = events.map(({ timestamp }) => timestamp).sort()
        expect(history.time_range).toEqual({ start: stamps[0], end: stamps.at(-1), total_events: events.length })
        for (const { first_seen, last_seen } of history.error_patterns) expect(first_seen <= last_seen).toBe(true)
        expect(analytics.aggregateEvents(other)).toEqual(history)
      }),
      { seed: 8, numRuns: 200 },
    )
  })

  it('E11-9 different failures stay apart, equal ones together, and a text is an error too', async () => {
    const analytics = openAnalytics()
    const fail = (error: unknown, minutes: number): Promise<unknown> =>
      analytics.recordInvocation({ ...ASK, success: false, error, timestamp: NOW_MS - minutes * 60_000 })
    await fail({ type: 'Timeout', code: 'ETIMEDOUT', message: 'no answer after 5000 ms' }, 1)
    await fail({ type: 'Timeout', code: 'ETIMEDOUT', message: 'no answer after 7000 ms' }, 3)
    await fail({ type: 'Timeout', code: 'ETIMEDOUT', message: 'connection reset' }, 2)
    await fail('plain text', 4)
    await fail(Object.assign(new TypeError('x is not a function'), { code: 7 }), 5)
    const { error_patterns } = await analytics.getHistoricalAnalytics('1h')
    expect(error_patterns.map(({ type, code, message, count }) => [type, code, message, count])).toEqual([
      ['Timeout', 'ETIMEDOUT', 'no answer after 7000 ms', 2],
      ['TypeError', '7', 'x is not a function', 1],
      ['unknown', null, 'plain text', 1],
      ['Timeout', 'ETIMEDOUT', 'connection reset', 1],
    ])
    expect(error_patterns[0]?.sample_messages).toEqual(['no answer after 7000 ms', 'no answer after 5000 ms'])
  })

  it('E11-10 hours are those of UTC or of the zone that is asked for, on days of a clock change too', () => {
    const halfHours = (from: string, count: number): object[] =>
      Array.from({ length: count }, (_, index) => ({ ...ASK, timestamp: Date.parse(from) + index * (HOUR_MS / 2) }))
    const hours = (timeZone: string, events: object[]): Record<string, number> => {
      const clock = new TestClock()
      return { ...openAnalytics(undefined, { timeZone, clock }).aggregateEvents(events).hourly_distribution }
    }
    expect(hours('UTC', [{ ...ASK, timestamp: '2026-11-20T23:10:00Z' }])).toEqual({ 23: 1 })
    expect(hours('Asia/Kathmandu', [{ ...ASK, timestamp: '2026-11-20T23:10:00Z' }])).toEqual({ 4: 1 })
    // 29 March 2026 has 23 hours in Berlin, 25 October has 25.
    const spring = hours('Europe/Berlin', halfHours('2026-03-28T23:00:00Z', 46))
    expect(Object.keys(spring)).toHaveLength(23)
    expect(spring['2']).toBeUndefined()
    expect(new Set(Object.values(spring))).toEqual(new Set([2]))
    const autumn = hours('Europe/Berlin', halfHours('2026-10-24T22:00:00Z', 50))
    expect(Object.keys(autumn)).toHaveLength(24)
    expect(autumn['2']).toBe(4)
    expect(Object.values(autumn).reduce((sum, count) => sum + count)).toBe(50)
    expect(() => new UsageAnalytics('x', { timeZone: 'Mars/Olympus' })).toThrow(/timeZone/)
  })

  it('E11-11 method and backend are told apart whatever is in them', async () => {
    const analytics = openAnalytics()
    const route = (routing_method: string, backend_used: string, routing_confidence: number): object => ({
      ...ASK,
      routing_method,
      backend_used,
      routing_confidence,
    })
    await recordTimes(analytics, 11, route('rule_based', 'nvidia_qwen', 0.5) as Record<string, unknown>)
    await recordTimes(analytics, 2, route('rule', 'based_nvidia_qwen', 0.9) as Record<string, unknown>)
    const decisions = analytics.getSessionStats().metrics.routing_decisions
    expect(decisions).toMatchObject({
      rule_based_nvidia_qwen: { routing_method: 'rule_based', backend: 'nvidia_qwen', count: 11, avg_confidence: 0.5 },
      'rule_based_nvidia_qwen#2': { routing_method: 'rule', backend: 'based_nvidia_qwen', count: 2 },
    })
    const { recommendations } = await analytics.getOptimizationRecommendations()
    expect(recommendations).toMatchObject([{ type: 'routing_confidence', routing_method: 'rule_based' }])
    expect(Object.keys((await analytics.getHistoricalAnalytics()).routing_effectiveness)).toHaveLength(2)
  })

  it('E11-12 a price given in part keeps its other part, and what is no price is refused', async () => {
    const analytics = openAnalytics()
    await analytics.recordInvocation({ ...ASK, tokens_used: 1_000_000 })
    const cost = await analytics.getCostAnalysis({ gemini: { input: 1 } })
    expect(cost.breakdown['gemini']).toMatchObject({ input_cost: 0.3, output_cost: 0.21, total_cost: 0.51 })
    const refused = { code: 'invalid_prices' }
    for (const price of [{ input: Number.NaN }, { output: -1 }, { input: 'free' }, null, 5]) {
      await expect(analytics.getCostAnalysis({ gemini: price as object })).rejects.toMatchObject(refused)
    }
    await expect(analytics.getCostAnalysis({ another: { input: 1 } })).rejects.toMatchObject(refused)
    expect(() => new UsageAnalytics('x', { pricing: { gemini: { input: -1 } } })).toThrow(/gemini\.input/)
  })

  it('E11-13 known input and output are priced as such, and a month is projected from the time it took', async () => {
    const clock = new TestClock()
    const analytics = openAnalytics(undefined, { clock })
    await analytics.recordInvocation({ ...ASK, input_tokens: 900_000, output_tokens: 100_000 })
    const cost = await analytics.getCostAnalysis()
    // 0.9 * 0.075 + 0.1 * 0.30; assumed to be 30 to 70 it would be 0.2325.
    expect(cost).toMatchObject({ total_cost: 0.0975, estimated: false, estimated_monthly_cost: 2.925 })
    expect(cost.projection).toMatchObject({ method: 'elapsed', window_ms: DAY_MS, confidence: 'low' })
    clock.ms += 3 * DAY_MS
    expect(await analytics.getCostAnalysis()).toMatchObject({
      estimated_monthly_cost: 0.975,
      projection: { elapsed_ms: 3 * DAY_MS, confidence: 'medium' },
    })
    expect(await analytics.getCostAnalysis({}, { legacy: true })).toMatchObject({
      total_cost: 0.2325,
      estimated: true,
      estimated_monthly_cost: 6.975,
      projection: { method: 'thirtyfold' },
    })
  })

  it('E11-14 an instant that cannot be read is now, and told', async () => {
    const dir = temporaryDir()
    const analytics = openAnalytics(dir)
    for (const timestamp of ['not a date', Number.NaN, 1_763_700_000, '1999-01-01T00:00:00Z', {}]) {
      const record = await analytics.recordInvocation({ ...ASK, timestamp })
      expect(record.timestamp).toBe(new Date(NOW_MS).toISOString())
    }
    expect(analytics.getRecordingStatus().repaired).toEqual({ timestamp: 5 })
    expect((await analytics.getHistoricalAnalytics('1h')).totals.requests).toBe(5)
    expect(allFiles(dir).filter((file) => file.includes('NaN'))).toEqual([])
  })

  it('E11-15 what is recorded before init is kept', async () => {
    const dir = temporaryDir()
    const analytics = openAnalytics(dir)
    const early = recordTimes(analytics, 5, ASK)
    await analytics.init()
    await early
    await recordTimes(analytics, 2, ASK)
    await analytics.cleanup()
    expect((await openAnalytics(dir).getHistoricalAnalytics('1h')).totals.requests).toBe(7)
    const never = openAnalytics()
    await recordTimes(never, 3, ASK)
    expect(never.getRecordingStatus()).toMatchObject({ recorded: 3, durable: 3, pending: 0 })
  })

  it('E11-16 events share files, expire when asked to, and names from outside cannot fill the memory', async () => {
    const dir = temporaryDir()
    const clock = new TestClock()
    const analytics = openAnalytics(dir, { clock, maxNames: 3, retentionDays: 10 })
    for (let index = 0; index < 50; index++) {
      const name = `name ${index}`
      await analytics.recordInvocation({
        ...ASK,
        tool_name: name,
        backend_used: name,
        routing_method: name,
        tokens_used: 2,
      })
    }
    expect(allFiles(dir).length).toBeLessThan(5)
    const { metrics } = analytics.getSessionStats()
    for (const named of [metrics.backend_usage, metrics.tool_usage, metrics.routing_decisions]) {
      expect(Object.keys(named)).toHaveLength(4)
    }
    expect(metrics.backend_usage['other']).toMatchObject({ requests: 47, total_tokens: 94 })
    expect((await analytics.getHistoricalAnalytics()).totals.requests).toBe(50)
    clock.ms += 10 * DAY_MS + 1
    expect((await analytics.getHistoricalAnalytics('30d')).totals.requests).toBe(0)
    expect(await analytics.getSession(analytics.currentSession.session_id)).toMatchObject({
      metrics: { total_requests: 0 },
    })
  })

  it('E11-17 a write that fails is counted, tried again, and meanwhile nothing is missing', async () => {
    const dir = temporaryDir()
    const disk = fragileFs()
    const errors: unknown[] = []
    const analytics = openAnalytics(dir, { fs: disk.fs, maxPending: 4, onError: (error) => errors.push(error) })
    await recordTimes(analytics, 2, ASK)
    disk.breakAfterWrites(0)
    const record = await analytics.recordInvocation(ASK)
    expect(record.tool_name).toBe('ask')
    for (let index = 0; index < 4; index++) await analytics.recordInvocation(ASK)
    const status = analytics.getRecordingStatus()
    expect(status).toMatchObject({ recorded: 7, durable: 2, pending: 4, dropped: 1, write_failures: 4 })
    expect(status.last_error).toMatch(/^disk_full: /)
    expect(errors).toHaveLength(4)
    expect((await analytics.getHistoricalAnalytics('1h')).totals.requests).toBe(6)
    disk.mend()
    await analytics.persistCurrentSession()
    expect(analytics.getRecordingStatus()).toMatchObject({ durable: 6, pending: 0 })
    await analytics.cleanup()
    expect((await openAnalytics(dir).getHistoricalAnalytics('1h')).totals.requests).toBe(6)
  })

  it('E11-17 what waits is bounded, also while it is being tried again', async () => {
    const disk = fragileFs()
    const analytics = openAnalytics(temporaryDir(), { fs: disk.fs, maxPending: 2 })
    await analytics.init()
    disk.breakAfterWrites(0)
    for (let round = 0; round < 3; round++) {
      await recordTimes(analytics, 1, ASK)
      await recordTimes(analytics, 1, ASK)
      const retrying = analytics.persistCurrentSession()
      await recordTimes(analytics, 3, ASK)
      await retrying
    }
    expect(analytics.getRecordingStatus()).toMatchObject({ recorded: 15, durable: 0, pending: 2, dropped: 13 })
  })

  it('E11-18 a session that was never ended is known to the next process, and continues if it is named', async () => {
    const dir = temporaryDir()
    const clock = new TestClock()
    const crashed = openAnalytics(dir, { clock, sessionId: 'nightly' })
    await recordTimes(crashed, 3, { ...ASK, tokens_used: 10 })
    clock.ms += HOUR_MS
    // Not cleaned up: as after a crash, but for the lock, which makes the next one write a journal of its own.
    const another = openAnalytics(dir, { clock })
    expect(await another.getSession('nightly')).toMatchObject({
      session_id: 'nightly',
      started_at: new Date(NOW_MS).toISOString(),
      metrics: { total_requests: 3, total_tokens: 30, backend_usage: { gemini: { requests: 3 } } },
    })
    expect(await another.getSession('unheard of')).toBeUndefined()
    const continued = openAnalytics(dir, { clock, sessionId: 'nightly' })
    await continued.recordInvocation({ ...ASK, tokens_used: 1 })
    await continued.init()
    expect(continued.getSessionStats()).toMatchObject({
      started_at: new Date(NOW_MS).toISOString(),
      metrics: { total_requests: 4, total_tokens: 31 },
    })
    await continued.cleanup()
    expect(await another.getSessions()).toMatchObject([
      { session_id: 'nightly', requests: 4, ended_at: new Date(clock.ms).toISOString(), reported_requests: null },
    ])
  })

  it('E11-19 no timer keeps the process alive, and cleanup waits for what is being written', async () => {
    const timers = vi.spyOn(globalThis, 'setInterval')
    const dir = temporaryDir()
    const analytics = openAnalytics(dir)
    await analytics.init()
    expect(timers.mock.results.map(({ value }) => (value as NodeJS.Timeout).hasRef())).toEqual([false])
    timers.mockRestore()
    for (let index = 0; index < 100; index++) void analytics.recordInvocation(ASK)
    expect(await analytics.cleanup()).toMatchObject({ recorded: 100, durable: 100, pending: 0 })
    expect((await openAnalytics(dir).getHistoricalAnalytics('1h')).totals.requests).toBe(100)
  })

  it('E11-20 the cost of a report is that of its range, over all sessions', async () => {
    const dir = temporaryDir()
    const first = openAnalytics(dir)
    await first.recordInvocation({ ...ASK, input_tokens: 1_000_000, output_tokens: 1_000_000 })
    await first.cleanup()
    const second = openAnalytics(dir)
    await second.recordInvocation({ ...ASK, input_tokens: 1_000_000 })
    const report = JSON.parse(await second.exportReport('json', '7d')) as Record<string, Record<string, unknown>>
    expect(report['cost_analysis']).toMatchObject({ total_cost: 0.45, cost_per_request: 0.225, estimated: false })
    expect(report['current_session']).toMatchObject({ metrics: { total_requests: 1 } })
    expect(await second.getCostAnalysis()).toMatchObject({ total_cost: 0.075 })
    expect(await second.getCostAnalysis({}, { timeRange: '24h' })).toMatchObject({ total_cost: 0.45 })
  })
})

it('files of the journal can be read by their owner only', async () => {
  const dir = temporaryDir()
  await recordTimes(openAnalytics(dir), 1, ASK)
  for (const file of allFiles(dir)) expect(statSync(file).mode & 0o077).toBe(0)
})
