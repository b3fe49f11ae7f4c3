import { readFileSync } from 'node:fs'
import type { Clock, UsageEvent } from '@tallystick/core/event'
import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { listen } from '../packages/server/src/http/listen.ts'
import { RING_TICKS } from '../packages/server/src/http/live/channel.ts'
import { HEARTBEAT_MS } from '../packages/server/src/http/live/hub.ts'
import { until } from '../packages/server/src/http/testing/raw.ts'
import { createTestApp, NOW_MS } from '../packages/server/src/http/testing/test-app.ts'
import {
  agentEvent,
  costAlert,
  encode,
  gap,
  heartbeat,
  stateUpdate,
} from '../packages/server/src/http/websocket/messages.ts'

const page = readFileSync(new URL('../docs/live.md', import.meta.url), 'utf8')
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((block) => block[1] as string)

interface Cell {
  readonly time_ms: number
  readonly provider: string | null
  readonly model: string | null
}
interface ReadCell {
  readonly figures: ReadonlyMap<string, number | bigint>
  quantile(name: string, q: number): number | undefined
}
type Reader = (hello: unknown, cell: unknown) => ReadCell

/** The decoder that the page prints, run as it stands there. */
const decoder = async (): Promise<Reader> =>
  (
    (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(blocks('js')[0] as string)}`)) as {
      readCell: Reader
    }
  ).readCell

/** Reads the stream until `count` messages other than comments have come. */
async function messages(
  body: ReadableStream<Uint8Array>,
  count: number,
): Promise<Map<string, Record<string, unknown>>> {
  const reader = body.getReader()
  const utf8 = new TextDecoder()
  let text = ''
  for (;;) {
    const found = [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)]
    if (found.length >= count) {
      await reader.cancel()
      return new Map(found.map(([, event, data]) => [event as string, JSON.parse(data as string)]))
    }
    text += utf8.decode((await reader.read()).value, { stream: true })
  }
}

it('docs/live.md decodes a real tick into what a query answers', async () => {
  // Ticks at once; heartbeats never.
  const after = (ms: number, job: () => void): (() => void) => {
    const timer = ms < HEARTBEAT_MS ? setImmediate(job) : undefined
    return () => clearImmediate(timer)
  }
  const { call, post } = await createTestApp({ hub: { after } })
  const stream = await call('/api/v1/live')
  const durations = [7, 300, 900, 1_234, 250_000]
  await post('/api/v1/events', {
    events: durations.map((duration_ms, index) => ({
      event_id: `e${index}`,
      timestamp_ms: NOW_MS,
      provider: 'openai',
      model: 'gpt-4o',
      input_tokens: 100 + index,
      output_tokens: 10,
      duration_ms,
      cost_usd: 0.000001 * index,
    })),
  })
  const got = await messages(stream.body as ReadableStream<Uint8Array>, 2)
  const hello = got.get('hello') as { counters: string[]; quantities: string[]; measures: string[]; bucket_ms: number }
  const tick = got.get('tick') as { cells: Cell[]; accepted: number; seq: number }
  expect(tick).toMatchObject({ seq: 1, accepted: 5, cells: [{ provider: 'openai', model: 'gpt-4o' }] })

  const names = [...hello.counters, ...hello.quantities.filter((name) => hello.measures.includes(name))]
  const measures = [...names, 'duration_ms_p50', 'duration_ms_p99']
  const { body } = await post('/api/v1/query', { from: NOW_MS - 60_000, to: NOW_MS + 60_000, measures })
  const row = (body['rows'] as Record<string, number>[])[0] as Record<string, number>

  const readCell = await decoder()
  const { figures, quantile } = readCell(hello, tick.cells[0])
  expect(Object.fromEntries(names.map((name) => [name, Number(figures.get(name))]))).toEqual(
    Object.fromEntries(names.map((name) => [name, row[name] ?? 0])),
  )
  expect([quantile('duration_ms', 0.5), quantile('duration_ms', 0.99)]).toEqual([
    row['duration_ms_p50'],
    row['duration_ms_p99'],
  ])
})

it('docs/live.md shows messages with the members that real ones have', async () => {
  const readCell = await decoder()
  const [hello, tick] = blocks('json').map((text) => JSON.parse(text)) as unknown as [
    { measures: string[] },
    { cells: Cell[] },
  ]
  const { figures, quantile } = readCell(hello, tick.cells[0])
  expect([figures.get('requests'), figures.get('cost_nano_usd')]).toEqual([2, 4_750_000n])
  expect([quantile('duration_ms', 0.5), quantile('duration_ms', 1)]).toEqual([301, 899])
  expect(page).toContain(`every ${HEARTBEAT_MS / 1000} seconds`)
  expect(page).toContain(`the last ${RING_TICKS} ticks`)
})

interface Message {
  readonly type: string
  readonly data?: { readonly event_id: string }
}
type Follow = (
  url: string,
  token: string,
  onMessage: (message: Message) => void,
  options: { readonly WebSocket: new (url: string) => WebSocket; readonly firstWaitMs: number },
) => () => void

it('docs/live.md shows WebSocket messages as they are', () => {
  const shown = blocks('json')
    .map((text) => JSON.parse(text) as { type?: string; agent_id?: string })
    .filter(({ type }) => type !== undefined)
  const event: UsageEvent = {
    eventId: '01a1',
    timestampMs: NOW_MS - 1_000,
    kind: 'llm_request_completed',
    agentId: 'agent_7',
    provider: 'openai',
    requestModel: 'gpt-4o',
    inputTokens: 1000,
    outputTokens: 50,
    costNanoUsd: 3_000_000,
    durationMs: 900,
    success: true,
  }
  const agent = { tenantId: undefined, agentId: 'agent_7', state: 'running', currentLead: undefined } as const
  const subject = { dimension: 'agent_id', value: 'agent_7' } as const
  const crossing = { budget: { id: 'b1', subject, unit: 'nano_usd' }, threshold: 95 } as const
  const real = [
    encode(agentEvent(event, NOW_MS), 'mwqpgjwg.1'),
    encode(stateUpdate({ ...agent, lastMs: NOW_MS - 100 }, 12_500_000_000n, NOW_MS), 'mwqpgjwg.2'),
    encode(costAlert({ ...crossing, spent: 24_000_000_000n, amount: 25_000_000_000n }, NOW_MS), 'mwqpgjwg.3'),
    encode(heartbeat(NOW_MS + 30_000), 'mwqpgjwg.3'),
    encode(gap(1200, 'slow', NOW_MS + 31_000), 'mwqpgjwg.1203'),
  ]
  expect(shown).toEqual(real.map((message) => JSON.parse(String(message))))
})

it('docs/live.md follows the WebSocket over a lost connection, without a message lost or twice', async () => {
  const clock: Clock = { now: () => NOW_MS, monotonic: () => performance.now() }
  const { app, post, feed } = await createTestApp({ clock, sockets: { clock } })
  const server = await listen(app, { drainMs: 100 })
  const { follow } = (await import(
    /* @vite-ignore */ `data:text/javascript,${encodeURIComponent(blocks('js')[1] as string)}`
  )) as { follow: Follow }
  const made: WebSocket[] = []
  class Watched extends WebSocket {
    constructor(url: string) {
      super(url)
      made.push(this)
    }
  }
  const ids: string[] = []
  const types = new Set<string>()
  const stop = follow(
    `${server.url.replace('http', 'ws')}/ws`,
    'any',
    ({ type, data }) => {
      types.add(type)
      if (type === 'AGENT_EVENT') ids.push(data?.event_id as string)
    },
    { WebSocket: Watched, firstWaitMs: 10 },
  )
  const expected = Array.from({ length: 30 }, (_, index) => `e${index}`)
  await until(() => feed.stats().clients === 1)
  for (const event_id of expected) {
    await post('/api/v1/events', { model: 'gpt-4o', event_id })
    if (event_id === 'e10' || event_id === 'e20') {
      await until(() => ids.includes(event_id))
      made.at(-1)?.terminate()
    }
  }
  await until(() => ids.length === expected.length)
  expect(ids).toEqual(expected)
  expect(types).toEqual(new Set(['HEARTBEAT', 'AGENT_EVENT']))
  stop()
  feed.close()
  await server.close()
})
