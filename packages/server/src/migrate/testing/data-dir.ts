import type { Clock } from '@tallystick/core/event'
import { parseQuery, type ResultRow } from '@tallystick/core/query'
import { openTallystick, type Tallystick } from '../../open.ts'
import type { UsageStore } from '../../store/store.ts'

export const NOW_MS = Date.UTC(2026, 10, 20)
export const FIXED: Clock = { now: () => NOW_MS, monotonic: () => performance.now() }
const DAY_MS = 86_400_000
const MODELS = ['gpt-4o', 'claude-sonnet-4-5', 'a-model-without-price']

/** Nothing is sealed but by the test. */
export const open = (dataDir: string, store: string): Promise<Tallystick> =>
  openTallystick({ dataDir, store, clock: FIXED, duckdb: { maintainEveryMs: 0 } })

/** As clients send them: three days, several kinds of tokens, units, failures, tool calls, tags. */
export function items(first: number, count: number): readonly Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => {
    const n = first + index
    const at = { event_id: `e${n}`, timestamp_ms: NOW_MS - 5 * DAY_MS + ((n * 7_654_321) % (3 * DAY_MS)) }
    if (n % 29 === 0) return { ...at, kind: 'tool_invocation', tool_name: 'search' }
    return {
      ...at,
      provider: n % 3 === 0 ? 'openai' : 'anthropic',
      model: MODELS[n % 3],
      agent_id: `agent-${n % 5}`,
      user_id: `user ${n % 11}, "quoted"`,
      input_tokens: 100 + (n % 900),
      cache_read_tokens: n % 50,
      output_tokens: n % 333,
      duration_ms: 5 + (n % 4000),
      tags: { team: `t${n % 4}` },
      ...(n % 17 === 0 ? { success: false, status_code: 429, error_type: 'rate_limit' } : {}),
    }
  })
}

/** @returns how many were accepted */
export async function submit(tallystick: Tallystick, first: number, count: number): Promise<number> {
  let accepted = 0
  for (let at = 0; at < count; at += 1000) {
    const batch = items(first + at, Math.min(1000, count - at))
    accepted += (await tallystick.ingest.submit({ items: batch, door: 'native' })).accepted
  }
  await tallystick.ingest.applied()
  return accepted
}

/** New prices of half of the events that there are. */
export async function reprice(tallystick: Tallystick): Promise<void> {
  const held = await tallystick.store.held({ first: 1, last: Number.MAX_SAFE_INTEGER }, 10_000)
  const events = held.flatMap(({ ordinal, event }) =>
    event.costNanoUsd === undefined || ordinal % 2 === 0
      ? []
      : [{ ordinal, differenceNanoUsd: (ordinal % 90) - Math.min(50, event.costNanoUsd), priceId: `p${ordinal % 3}` }],
  )
  const [fromMs, toMs] = [NOW_MS - 30 * DAY_MS, NOW_MS]
  await tallystick.ingest.reprice({ writtenMs: NOW_MS, version: 'p/1', fromMs, toMs, events })
  await tallystick.ingest.applied()
}

/** What whoever looks at the page sees: sums, extremes, quantiles, whole and split. */
export async function figures(store: UsageStore): Promise<readonly (readonly ResultRow[])[]> {
  const measures = [
    ...['events', 'requests', 'failed_requests', 'invocations', 'unpriced_requests', 'operations'],
    ...['input_tokens', 'fresh_input_tokens', 'cache_read_tokens', 'output_tokens', 'total_tokens'],
    ...['cost_nano_usd', 'cost_list_nano_usd', 'cache_savings_nano_usd', 'cost_nano_usd_max', 'repriced_cost_nano_usd'],
    ...['duration_ms_sum', 'duration_ms_min', 'duration_ms_p50', 'duration_ms_p99', 'input_tokens_p95'],
  ]
  const range = { from: NOW_MS - 30 * DAY_MS, to: NOW_MS }
  const questions = [
    { ...range, measures },
    { ...range, measures, interval: '1d', time_zone: 'Asia/Kathmandu' },
    { ...range, measures, group_by: ['model', 'agent_id'], interval: '1h' },
    { ...range, measures, group_by: ['user_id', 'tags.team'], limit: 1000 },
    { ...range, measures, group_by: ['error_type'], filters: { success: [false] } },
  ]
  const answers = []
  for (const question of questions) answers.push((await store.query(parseQuery(question, { nowMs: NOW_MS }))).rows)
  return answers
}
