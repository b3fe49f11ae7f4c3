import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { UsageEvent } from '@tallystick/core/event'
import { parseQuery, type Query } from '@tallystick/core/query'
import { openTallystick, type StoredEvent, type UsageStore } from 'tallystick'
import { line, machine, median, option } from './report.ts'
import { workFolder } from './servers.ts'

/**
 * The Redis store by itself, on a redis-server of its own: taking events in, and questions that its indexes answer for, beside the
 * same questions without one. Wall clock, and processor time of this process an event or document.
 *
 *   npm run bench -- redis [--events 100000] [--repeat 5]
 */
const events = Number(option('events', '100000'))
const repeat = Number(option('repeat', '5'))
const BATCH = 1000
const HOUR_MS = 3_600_000
console.log(machine())

const dir = workFolder()
const port = await freePort()
const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', dir], {
  stdio: 'ignore',
})
try {
  await sleep(500)
  const tallystick = await openTallystick({ dataDir: dir, store: `redis://127.0.0.1:${port}` })
  await measure(tallystick.store)
  await tallystick.close()
} finally {
  redis.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
}

async function measure(store: UsageStore): Promise<void> {
  const toMs = Date.now()
  const fromMs = toMs - 24 * HOUR_MS
  const made = Array.from({ length: events }, (_, n) => eventOf(n, fromMs + Math.floor((24 * HOUR_MS * n) / events)))
  const [started, cpu] = [performance.now(), process.cpuUsage()]
  for (let at = 0; at < events; at += BATCH) await store.append(made.slice(at, at + BATCH))
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  line('append, batches of 1,000', { 'events/s': events / seconds, 'us CPU/event': (user + system) / events })

  const ask = (range: object, filters: object = {}): Query =>
    parseQuery(
      { to: toMs, measures: ['requests', 'cost_nano_usd'], group_by: ['model'], filters, ...range },
      { nowMs: toMs },
    )
  const questions: readonly (readonly [string, Query])[] = [
    ['an hour', ask({ from: toMs - HOUR_MS })],
    ['a day', ask({ from: fromMs })],
    ['a day of a model (1 in 10)', ask({ from: fromMs }, { model: ['few'] })],
    ['a day of a model (1 in 1,000)', ask({ from: fromMs }, { model: ['rare'] })],
  ]
  for (const [name, query] of questions) await timed(name, () => store.query(query))
  const { filters } = ask({ from: fromMs }, { model: ['few'] })
  await timed('newest 100 of a model', () => store.scan({ fromMs, toMs, filters, limit: 100 }))
  await timed('stats', () => store.stats())
}

async function timed(name: string, task: () => Promise<unknown>): Promise<void> {
  const [wall, cpu]: [number[], number[]] = [[], []]
  for (let n = 0; n < repeat; n++) {
    const [started, before] = [performance.now(), process.cpuUsage()]
    await task()
    wall.push(performance.now() - started)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1000)
  }
  line(name, { 'p50 ms': median(wall), 'ms CPU': median(cpu) })
}

/** Numbers below a bound, in no order that a store could use, and the same in every run. */
function spread(n: number, below: number): number {
  return (Math.imul(n, 0x9e3779b1) >>> 0) % below
}

function eventOf(n: number, timestampMs: number): StoredEvent {
  const event: UsageEvent = {
    eventId: `bench-${n}`,
    timestampMs,
    kind: 'llm_request_completed',
    sourceId: 'bench',
    seq: n,
    provider: 'openai',
    requestModel: n % 1000 === 0 ? 'rare' : n % 10 === 0 ? 'few' : 'most',
    endpoint: '/v1/chat/completions',
    agentId: `agent_${spread(n, 60)}`,
    userId: `user-${spread(n, 5000)}`,
    statusCode: 200,
    success: true,
    inputTokens: spread(n, 4000),
    outputTokens: spread(n, 900),
    costNanoUsd: spread(n, 10_000_000),
    costBasis: 'catalogue',
    durationMs: spread(n, 3000),
  }
  return { ordinal: n + 1, receivedMs: timestampMs + 5, event }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
