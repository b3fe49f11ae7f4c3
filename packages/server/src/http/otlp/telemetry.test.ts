import { describe, expect, it } from 'vitest'
import type { Draft } from '../../format/otlp/draft.ts'
import type { Signal } from '../../format/otlp/model.ts'
import { LOCAL, type Principal } from '../../identity/principal.ts'
import type { IngestAnswer, IngestRequest } from '../../ingest/ingest.ts'
import { openMemoryState } from '../../state/memory.ts'
import type { ControlState } from '../../state/state.ts'
import { createTelemetry } from './telemetry.ts'

const SECOND = 1_000_000_000n
const START = 1_795_215_500n * SECOND

const attribute = (key: string, value: string | number): object => ({
  key,
  value: typeof value === 'string' ? { stringValue: value } : { intValue: value },
})
const RESOURCE = { attributes: [attribute('service.name', 'checkout'), attribute('service.instance.id', 'i-1')] }

/** The pipeline's part of knowing ids again, without the pipeline. */
class Sink {
  readonly events = new Map<string, Draft>()
  failing = false
  submit(request: IngestRequest): Promise<IngestAnswer> {
    if (this.failing) return Promise.reject(new Error('the disk is gone'))
    for (const item of request.items as readonly Draft[]) {
      const id = JSON.stringify([request.principal?.tenantId ?? null, item.event_id])
      if (!this.events.has(id)) this.events.set(id, item)
    }
    const received = request.items.length
    return Promise.resolve({ received, accepted: received, duplicate: 0, conflict: 0, conflicts: [], rejected: [] })
  }
  get inputTokens(): number {
    return [...this.events.values()].reduce((sum, { input_tokens = 0 }) => sum + input_tokens, 0)
  }
}

function telemetryOver(state: ControlState, sink: Sink) {
  const telemetry = createTelemetry({
    ingest: sink,
    state,
    clock: { now: () => Number(START / 1_000_000n) + 7 * 86_400_000 },
  })
  const take = (signal: Signal, body: object, principal: Principal = LOCAL): Promise<unknown> =>
    telemetry.take({
      signal,
      body: new TextEncoder().encode(JSON.stringify(body)),
      format: 'json',
      principal,
      observed: undefined,
      sender: {},
    })
  return {
    /** A counter that has come to `value` by that second of its life. */
    counter: (second: number, value: number, principal?: Principal, aggregationTemporality = 2) =>
      take(
        'metrics',
        {
          resourceMetrics: [
            {
              resource: RESOURCE,
              scopeMetrics: [
                {
                  metrics: [
                    {
                      name: 'gen_ai.client.inference.usage.input_tokens',
                      sum: {
                        isMonotonic: true,
                        aggregationTemporality,
                        dataPoints: [
                          {
                            startTimeUnixNano: String(START),
                            timeUnixNano: String(START + BigInt(second) * SECOND),
                            asInt: value,
                            attributes: [attribute('gen_ai.request.model', 'gpt-4o')],
                          },
                        ],
                      },
                    },
                  ],
                },
              ],
            },
          ],
        },
        principal,
      ),
    /** A chat of so many tokens that ended at that second. */
    span: (second: number, tokens: number, principal?: Principal) =>
      take(
        'traces',
        {
          resourceSpans: [
            {
              resource: RESOURCE,
              scopeSpans: [
                {
                  spans: [
                    {
                      traceId: '5b8efff798038103d269b633813fc60c',
                      spanId: second.toString(16).padStart(16, '0'),
                      startTimeUnixNano: String(START + BigInt(second) * SECOND - SECOND),
                      endTimeUnixNano: String(START + BigInt(second) * SECOND),
                      attributes: [
                        attribute('gen_ai.operation.name', 'chat'),
                        attribute('gen_ai.request.model', 'gpt-4o'),
                        attribute('gen_ai.usage.input_tokens', tokens),
                      ],
                    },
                  ],
                },
              ],
            },
          ],
        },
        principal,
      ),
  }
}

const tenant = (tenantId: string): Principal => ({ ...LOCAL, kind: 'key', name: tenantId, tenantId })

describe('a cumulative counter', () => {
  it('is counted once through repeats, restarts of the server and values that come late', async () => {
    const state = openMemoryState()
    const sink = new Sink()
    await telemetryOver(state, sink).counter(60, 100)
    await telemetryOver(state, sink).counter(60, 100)
    const restarted = telemetryOver(state, sink)
    await restarted.counter(120, 130)
    await restarted.counter(90, 110)
    await restarted.counter(120, 130)
    expect(sink.inputTokens).toBe(130)
    expect(sink.events.size).toBe(2)
  })

  it('whose event was not kept is counted with the next value, also when the server has been restarted', async () => {
    for (const restarts of [false, true]) {
      const state = openMemoryState()
      const sink = new Sink()
      let server = telemetryOver(state, sink)
      await server.counter(60, 100)
      sink.failing = true
      await expect(server.counter(120, 130)).rejects.toThrow('the disk is gone')
      sink.failing = false
      if (restarts) server = telemetryOver(state, sink)
      await server.counter(180, 150)
      expect(sink.inputTokens).toBe(150)
      expect(sink.events.size).toBe(3)
    }
  })

  it('of one tenant says nothing of the same one of another', async () => {
    const sink = new Sink()
    const server = telemetryOver(openMemoryState(), sink)
    await server.counter(60, 100, tenant('a'))
    await server.counter(120, 150, tenant('b'))
    await server.counter(120, 110, tenant('a'))
    expect(sink.inputTokens).toBe(110 + 150)
  })
})

describe('a service that sends spans and metrics', () => {
  it('is counted by its spans from where its metrics had got to, also after a restart', async () => {
    const state = openMemoryState()
    const sink = new Sink()
    await telemetryOver(state, sink).counter(60, 100)
    const server = telemetryOver(state, sink)
    // Of the 100 that the counter has told of, and after it.
    await server.span(40, 100)
    await server.span(70, 30)
    await server.counter(120, 130)
    await telemetryOver(state, sink).counter(180, 130)
    expect(sink.inputTokens).toBe(130)
  })

  it('is counted by its metrics again when no span has come for a day, without what the spans had', async () => {
    const state = openMemoryState()
    const sink = new Sink()
    const server = telemetryOver(state, sink)
    await server.span(10, 30)
    await server.counter(60, 30)
    const later = 10 + 86_400
    await server.counter(later + 60, 45)
    await server.counter(later + 120, 50)
    // The 15 of the day between were told of by nobody who was listened to.
    expect(sink.inputTokens).toBe(30 + 5)
  })

  it('of one tenant does not silence the metrics of another', async () => {
    const sink = new Sink()
    const server = telemetryOver(openMemoryState(), sink)
    await server.span(10, 30, tenant('a'))
    await server.counter(60, 30, tenant('a'), 1)
    await server.counter(60, 7, tenant('b'), 1)
    expect(sink.inputTokens).toBe(37)
  })
})

describe('what lies in the future', () => {
  it('is refused, and does not pass for how far its source has come', async () => {
    const state = openMemoryState()
    const sink = new Sink()
    const server = telemetryOver(state, sink)
    const year = 366 * 86_400
    expect(await server.counter(year, 100)).toMatchObject({ count: 1 })
    // The pipeline refuses the span; here it is let through to it.
    await server.span(year, 5)
    await server.counter(60, 70)
    await server.span(90, 30)
    expect([...sink.events.values()].map(({ input_tokens }) => input_tokens)).toEqual([5, 70, 30])
  })
})
