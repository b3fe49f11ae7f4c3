import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, encodeRoutiium, type UsageEvent } from '@tallystick/core/event'
import { fold } from '@tallystick/core/query'
import { afterEach, beforeEach, expect } from 'vitest'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS } from '../../../../../core/src/event/testing/arbitrary.ts'
import type { StoredEvent, StoreStats, UsageStore } from '../../store.ts'
import { totals } from '../../testing/conformance.ts'
import type { JsonlStore } from '../jsonl-store.ts'
import { type JsonlStoreOptions, openJsonlStore } from '../open.ts'

export const DAY_MS = 86_400_000
export const ALL = { fromMs: 0, toMs: ARBITRARY_TO_MS + 30 * DAY_MS, filters: [], limit: 10_000, ascending: true }

/** A directory with a store in it, for each test anew. Its clock stands still unless it is set. */
export interface Workbench {
  readonly dir: string
  path: string
  nowMs: number
  open(options?: Partial<JsonlStoreOptions>): Promise<JsonlStore>
  /** Ends the latest store as a killed process does: nothing stays of what closing would have added. */
  kill(): Promise<void>
  /** Opens what a process that was killed leaves behind. */
  openKilled(options?: Partial<JsonlStoreOptions>): Promise<JsonlStore>
  lines(file?: string): string[]
}

export function workbench(): Workbench {
  const opened: UsageStore[] = []
  let dir = ''
  const clock: Clock = { now: () => bench.nowMs, monotonic: () => 0 }
  const bench: Workbench = {
    get dir() {
      return dir
    },
    path: '',
    nowMs: 0,
    async open(options = {}) {
      const store = await openJsonlStore({ path: bench.path, clock, ...options })
      opened.push(store)
      return store
    },
    async kill() {
      const sidecar = `${bench.path}.idx`
      const left = existsSync(sidecar) ? readFileSync(sidecar) : undefined
      await opened.pop()?.close()
      if (left) writeFileSync(sidecar, left)
      else rmSync(sidecar, { force: true })
    },
    async openKilled(options) {
      await bench.kill()
      return bench.open(options)
    },
    lines: (file = bench.path) => readFileSync(file, 'utf8').split('\n').slice(0, -1),
  }
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'tallystick-jsonl-'))
    bench.path = join(dir, 'analytics.jsonl')
    bench.nowMs = ARBITRARY_FROM_MS
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
    rmSync(dir, { recursive: true })
  })
  return bench
}

export const lineOf = (event: UsageEvent): string => `${JSON.stringify(encodeRoutiium(event))}\n`

export async function eventsOf(store: UsageStore): Promise<readonly UsageEvent[]> {
  return (await store.scan(ALL)).events.map(({ event }) => event)
}

/** The store shows just these, in every way there is to ask. */
export async function expectHolds(store: UsageStore, events: readonly StoredEvent[]): Promise<void> {
  const order = (a: StoredEvent, b: StoredEvent): number =>
    a.event.timestampMs - b.event.timestampMs || a.ordinal - b.ordinal
  expect((await store.scan(ALL)).events).toEqual([...events].sort(order))
  const plain = events.map(({ event }) => event)
  for (const query of [totals(), totals(['model'])])
    expect((await store.query(query)).rows).toEqual(fold(query, plain).rows)
  expect((await store.stats()).events).toBe(events.length)
  expect(await store.audit?.()).toEqual({ differences: [] })
}

/** Everything that was ever applied is accounted for. */
export function expectBalanced({ events, foreign = 0, expired = 0, cleared = 0 }: StoreStats, accepted: number): void {
  expect(events - foreign + expired + cleared).toBe(accepted)
}

/** As the first description of the format has it: no token usage, no cost, whole seconds. */
export const SEED_LINES = [0, 1, 2].map((n) => ({
  id: `550e8400-e29b-41d4-a716-44665544000${n}`,
  timestamp: ARBITRARY_FROM_MS / 1000 + n,
  request: {
    endpoint: '/v1/chat/completions',
    method: 'POST',
    model: 'gpt-4o',
    stream: false,
    size_bytes: 256,
    message_count: 3,
    input_tokens: 42,
    user_agent: 'curl/8.5.0',
    client_ip: '192.0.2.7',
  },
  response: { status_code: 200, size_bytes: 512, output_tokens: 128, success: true, error_message: null },
  performance: { duration_ms: 1247, ttfb_ms: null, upstream_duration_ms: 1200 },
  auth: { authenticated: true, api_key_id: 'key_1', api_key_label: 'production', auth_method: 'bearer' },
  routing: {
    backend: 'openai',
    upstream_mode: 'chat',
    mcp_enabled: false,
    mcp_servers: [],
    system_prompt_applied: true,
  },
}))
export const seedText = SEED_LINES.map((document) => `${JSON.stringify(document)}\n`).join('')
