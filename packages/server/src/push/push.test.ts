import type { UsageEvent } from '@tallystick/core/event'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StoredEvent } from '../store/store.ts'
import { type Push, type PushOptions, startPush } from './push.ts'
import {
  attributesOf,
  type Collector,
  metricsOf,
  openCollector,
  pointsOf,
  type Received,
  totalOf,
} from './testing/collector.ts'

const TOKENS = 'gen_ai.client.token.usage'
const DURATION = 'gen_ai.client.operation.duration'
const COST = 'gen_ai.client.token.cost'
const NOW_MS = Date.UTC(2026, 10, 21, 12)

let collector: Collector
let pushes: Push[]
beforeEach(async () => {
  collector = await openCollector()
  pushes = []
})
afterEach(async () => {
  for (const push of pushes) await push.close()
  await collector.close()
})

interface Pushing {
  readonly push: Push
  accept(...events: readonly Partial<UsageEvent>[]): void
  /** What waits until the next push, ms, each time it was set. */
  readonly waits: number[]
  readonly logged: object[]
  nowMs: number
}

function pushing(options: Partial<PushOptions> = {}): Pushing {
  const listeners = new Set<(events: readonly StoredEvent[]) => void>()
  let ordinal = 0
  const note = (level: string) => (details: object, message: string) =>
    void it.logged.push({ level, message, ...details })
  const it = {
    waits: [] as number[],
    logged: [] as object[],
    nowMs: NOW_MS,
    accept: (...events: readonly Partial<UsageEvent>[]) => {
      const stored = events.map(
        (event): StoredEvent => ({
          ordinal: ++ordinal,
          receivedMs: it.nowMs,
          event: { eventId: `e-${ordinal}`, timestampMs: it.nowMs, kind: 'llm_request_completed', ...event },
        }),
      )
      for (const listener of listeners) listener(stored)
    },
  }
  const push = startPush({
    endpoint: collector.url,
    ingest: {
      onAccepted(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    clock: { now: () => it.nowMs, monotonic: () => it.nowMs },
    random: { fill: (bytes) => bytes.fill(0) },
    timers: {
      after(ms) {
        it.waits.push(ms)
        return () => undefined
      },
    },
    logger: { info: note('info'), warn: note('warn'), error: note('error') },
    version: '1.2.3',
    instanceId: 'instance-1',
    ...options,
  })
  pushes.push(push)
  return Object.assign(it, { push })
}

const CHAT: Partial<UsageEvent> = {
  operation: 'chat',
  provider: 'openai',
  requestModel: 'gpt-4o',
  success: true,
  stream: true,
  inputTokens: 1_200,
  outputTokens: 80,
  cacheReadTokens: 1_000,
  cacheWriteTokens: 10,
  cacheWrite1hTokens: 5,
  reasoningTokens: 30,
  inputAudioTokens: 200,
  durationMs: 1_280,
  ttfbMs: 41,
  costNanoUsd: 7_500_000,
}
const REFUSED: Partial<UsageEvent> = {
  ...{ operation: 'chat', provider: 'openai', requestModel: 'gpt-4o' },
  ...{ kind: 'llm_request_failed', success: false, statusCode: 429, durationMs: 90_000 },
}
const last = (): Received => collector.taken.at(-1) as Received

describe('a push', () => {
  it('tells of accepted requests as OTLP writes it, who tells it, and nothing of the rest', async () => {
    const { push, accept } = pushing({ headers: 'authorization=Bearer%20a%2Cb,x-scope=one' })
    accept(CHAT, CHAT, REFUSED, { kind: 'tool_invocation', toolName: 'search', durationMs: 5 })
    await push.flush()
    const { path, headers, body } = last()
    expect(path).toBe('/v1/metrics')
    expect(headers).toMatchObject({
      ...{ authorization: 'Bearer a,b', 'x-scope': 'one' },
      ...{ 'content-type': 'application/json', 'content-encoding': 'gzip' },
    })
    expect(body.resourceMetrics.map(({ resource }) => attributesOf(resource))).toEqual([
      { 'service.name': 'tallystick', 'service.version': '1.2.3', 'service.instance.id': 'instance-1' },
    ])
    expect(metricsOf(last()).map(({ name, unit }) => [name, unit])).toEqual([
      [TOKENS, '{token}'],
      [DURATION, 's'],
      ['gen_ai.client.operation.time_to_first_chunk', 's'],
      [COST, 'USD'],
    ])
    expect(totalOf(last(), TOKENS, { 'gen_ai.token.type': 'input' })).toBe(2_400)
    expect(totalOf(last(), TOKENS, { 'gen_ai.token.type': 'output' })).toBe(160)
    // Twice 0.0075 is 0.015, and no less.
    expect(totalOf(last(), COST)).toBe(0.015)
    expect(
      pointsOf(last(), DURATION).map((point) => [attributesOf(point)['error.type'], point.count, point.sum]),
    ).toEqual([
      [undefined, '2', 2.56],
      ['429', '1', 90],
    ])
    const [fine, slow] = pointsOf(last(), DURATION)
    expect(fine?.explicitBounds).toEqual([
      0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ])
    // A value at a bound is below it.
    expect(fine?.bucketCounts?.map(Number)).toEqual([0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
    expect(slow?.bucketCounts?.at(-1)).toBe('1')
    expect(attributesOf(fine as never)).toEqual({
      ...{ 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-4o' },
    })
  })

  it('has the newest names where they are asked for, each token once in each, by modality', async () => {
    const { push, accept } = pushing({ optIn: 'http,gen_ai_latest_experimental', compression: 'none' })
    accept({ ...CHAT, tenantId: 'acme' })
    await push.flush()
    expect(last().headers['content-encoding']).toBeUndefined()
    const names = 'gen_ai.client.inference'
    const total = (name: string): number => totalOf(last(), `${names}.${name}`)
    expect(metricsOf(last()).map(({ name }) => name)).not.toContain(TOKENS)
    expect(total('usage.input_tokens')).toBe(1_200)
    expect(
      pointsOf(last(), `${names}.usage.input_tokens`).map((point) => [
        attributesOf(point)['gen_ai.token.modality'],
        point.asInt,
      ]),
    ).toEqual([
      ['audio', '200'],
      ['unknown', '1000'],
    ])
    expect(total('usage.output_tokens')).toBe(80)
    expect(total('usage.cache_read.input_tokens')).toBe(1_000)
    expect(total('usage.cache_write.input_tokens')).toBe(15)
    expect(total('usage.reasoning.output_tokens')).toBe(30)
    expect(total('operation.input_tokens')).toBe(1_200)
    expect(total('duration')).toBe(1.28)
    expect(total('time_to_first_chunk')).toBe(0.041)
    expect(totalOf(last(), COST, { 'tallystick.tenant': 'acme' })).toBe(0.0075)
    for (const { sum } of metricsOf(last())) if (sum !== undefined) expect(sum.isMonotonic).toBe(true)
  })

  it('that is cumulative tells all since the start, each time', async () => {
    const flow = pushing()
    for (let round = 1; round <= 3; round++) {
      flow.nowMs += 60_000
      flow.accept(CHAT)
      await flow.push.flush()
      expect(totalOf(last(), TOKENS, { 'gen_ai.token.type': 'input' })).toBe(1_200 * round)
      const [point] = pointsOf(last(), TOKENS)
      expect(point?.startTimeUnixNano).toBe(`${NOW_MS}000000`)
      expect(point?.timeUnixNano).toBe(`${flow.nowMs}000000`)
    }
    expect(metricsOf(last())[0]?.histogram?.aggregationTemporality).toBe(2)
  })

  it('that is delta tells what has come since, and nothing where nothing has', async () => {
    const flow = pushing({ temporality: 'delta' })
    flow.accept(CHAT)
    await flow.push.flush()
    expect(metricsOf(last())[0]?.histogram?.aggregationTemporality).toBe(1)
    flow.nowMs += 60_000
    await flow.push.flush()
    expect(collector.taken).toHaveLength(1)
    flow.nowMs += 60_000
    flow.accept(CHAT)
    await flow.push.flush()
    expect(totalOf(last(), TOKENS, { 'gen_ai.token.type': 'input' })).toBe(1_200)
    expect(pointsOf(last(), TOKENS)[0]?.startTimeUnixNano).toBe(`${NOW_MS + 60_000}000000`)
  })

  it('follows no redirect, and believes no answer that is too long', async () => {
    const elsewhere = await openCollector()
    const { push, accept, logged } = pushing()
    accept(CHAT)
    collector.answer = (_, response) => void response.writeHead(307, { location: `${elsewhere.url}/v1/metrics` }).end()
    await push.flush()
    expect(elsewhere.taken).toHaveLength(0)
    expect(logged).toMatchObject([{ problem: 'answered 307; redirects are not followed' }])
    collector.answer = (_, response) => {
      response.writeHead(200)
      response.write(' '.repeat(200_000))
    }
    await push.flush()
    expect(push.stats()).toEqual({ pushed: 1, failed: 1 })
    await elsewhere.close()
  })

  it('of which the collector left out a part is not sent again, and that is said', async () => {
    const { push, accept, logged } = pushing({ temporality: 'delta' })
    accept(CHAT)
    collector.answer = (_, response) =>
      void response.writeHead(200).end('{"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"too old"}}')
    await push.flush()
    await push.flush()
    expect(collector.taken).toHaveLength(1)
    expect(logged).toMatchObject([{ level: 'warn', note: 'the collector left out 2 points: too old' }])
  })
})

describe('a collector that is away', () => {
  it('is tried again soon where that may help, as late as it asks, and else at the next interval', async () => {
    const { push, accept, waits } = pushing({ intervalMs: 20_000 })
    accept(CHAT)
    const answered = async (status: number, headers: Record<string, string> = {}): Promise<number | undefined> => {
      collector.answer = (_, response) => void response.writeHead(status, headers).end()
      await push.flush()
      return waits.at(-1)
    }
    expect([await answered(503), await answered(429), await answered(502), await answered(504)]).toEqual([
      1_000, 2_000, 4_000, 8_000,
    ])
    // Never later than by itself, unless it is asked to.
    expect([await answered(503), await answered(503)]).toEqual([16_000, 20_000])
    expect(await answered(503, { 'retry-after': '120' })).toBe(120_000)
    expect(await answered(400)).toBe(20_000)
    expect(await answered(500)).toBe(20_000)
    expect(await answered(200)).toBe(20_000)
    expect(await answered(503)).toBe(1_000)
    await collector.close()
    await push.flush()
    expect(push.stats()).toEqual({ pushed: 1, failed: 11, problem: 'ECONNREFUSED' })
  })

  it('is told of once in the log, and once that it is back', async () => {
    const { push, accept, logged } = pushing()
    accept(CHAT)
    collector.answer = (_, response) => void response.writeHead(503).end()
    for (let night = 0; night < 5; night++) await push.flush()
    collector.answer = (_, response) => void response.writeHead(200).end()
    await push.flush()
    expect(logged).toMatchObject([
      { level: 'warn', problem: 'answered 503' },
      { level: 'info', message: 'the collector takes figures again' },
    ])
  })

  it('that is silent holds nothing up: a push ends in time, and the last one too', async () => {
    const { push, accept } = pushing({ timeoutMs: 50 })
    accept(CHAT)
    collector.answer = () => undefined
    await push.flush()
    expect(push.stats()).toMatchObject({ failed: 1, problem: 'no answer within 50 ms' })
    await push.close()
  })

  it('loses nothing of deltas, whatever becomes of pushes: every token arrives once', async () => {
    const outcomes = fc.constantFrom(200, 200, 503, 429, 400, 0)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(5), outcomes), { maxLength: 12 }), async (rounds) => {
        collector.taken.length = 0
        const { push, accept } = pushing({ temporality: 'delta' })
        let accepted = 0
        for (const [requests, status] of rounds) {
          collector.answer = (request, response) => {
            if (status === 0) {
              // Told by the status that it was not taken.
              response.statusCode = 500
              request.socket.destroy()
            } else response.writeHead(status).end()
          }
          for (let request = 0; request < requests; request++) accept({ ...CHAT, requestModel: `m-${request}` })
          accepted += requests
          await push.flush()
        }
        collector.answer = (_, response) => void response.writeHead(200).end()
        await push.close()
        const sum = (name: string): number => collector.taken.reduce((all, each) => all + totalOf(each, name), 0)
        const counts = collector.taken.flatMap((each) => pointsOf(each, DURATION))
        expect(sum(TOKENS)).toBe(accepted * 1_280)
        expect(counts.reduce((all, { count }) => all + Number(count), 0)).toBe(accepted)
        expect(Math.round(sum(COST) * 1e9)).toBe(accepted * 7_500_000)
        const times = collector.taken.map((each) => pointsOf(each, TOKENS)[0])
        for (const [at, point] of times.entries())
          if (at > 0)
            expect(BigInt(point?.startTimeUnixNano ?? 0) >= BigInt(times[at - 1]?.timeUnixNano ?? 0)).toBe(true)
      }),
      { seed: 11, numRuns: 25 },
    )
  })
})

describe('what is not told', () => {
  it('is what another Tallystick pushed here: it tells that itself, and one that pushes to itself would never end', async () => {
    const { push, accept } = pushing()
    accept({ ...CHAT, usageConvention: 'otel.genai.metrics', tags: { service: 'tallystick' } })
    await push.flush()
    expect(collector.taken).toHaveLength(0)
    accept({ ...CHAT, usageConvention: 'otel.genai.metrics', tags: { service: 'checkout' } })
    await push.flush()
    expect(totalOf(last(), TOKENS, { 'gen_ai.token.type': 'input' })).toBe(1_200)
  })
})

it('the last push tells of what came last', async () => {
  const { push, accept } = pushing({ temporality: 'delta' })
  accept(CHAT)
  const under = push.flush()
  accept(CHAT)
  await push.close()
  await under
  await push.close()
  accept(CHAT)
  expect(collector.taken.map((each) => totalOf(each, TOKENS, { 'gen_ai.token.type': 'input' }))).toEqual([1_200, 1_200])
})
