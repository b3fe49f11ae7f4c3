import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { thorough } from '../../packages/core/src/testing/thorough.ts'
import { type ClickhouseEngine, startClickhouse } from '../engines/clickhouse/start.ts'
import { query, totalsOf } from '../faults/testing/figures.ts'
import { HttpClient } from '../faults/testing/http-client.ts'
import { knownEvent, TOTALED, totalsByDay } from '../faults/testing/known-event.ts'
import { endServers, ServerProcess } from '../faults/testing/server-process.ts'
import { Balancer } from './testing/balancer.ts'

/** Three servers on one ClickHouse, the first of which owns the control state, behind a balancer. */
const DATABASE = 'three_servers'
const BATCH = 25
const BATCHES = thorough(36, 60)
const SENDERS = 4

let dir: string
let engine: ClickhouseEngine
let balancer: Balancer
let key: string
const servers: (ServerProcess | undefined)[] = []
const client = new HttpClient(SENDERS)

const urls = (): string[] => servers.flatMap((server) => (server === undefined ? [] : [server.url]))

async function startServer(at: number): Promise<ServerProcess> {
  const owner = servers[0]
  const control =
    at === 0 || owner === undefined ? {} : { TALLYSTICK_CONTROL_URL: owner.url, TALLYSTICK_CONTROL_KEY: key }
  const server = await ServerProcess.start(join(dir, `server-${at}`), ['--store', engine.storeUrl(DATABASE)], control)
  servers[at] = server
  return server
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tallystick-cluster-'))
  engine = await startClickhouse()
  const owner = await startServer(0)
  const made = await client.post(`${owner.url}/api/v1/keys`, { name: 'all', scopes: ['admin'] })
  expect(made.status).toBe(201)
  key = (made.json as { readonly key: string }).key
  await Promise.all([startServer(1), startServer(2)])
  balancer = await Balancer.start(urls)
}, 60_000)
afterAll(async () => {
  client.close()
  await balancer?.stop()
  await endServers()
  await engine?.stop()
  rmSync(dir, { recursive: true, force: true })
})

const bearer = (): Record<string, string> => ({ authorization: `Bearer ${key}` })
const recentMs = Date.now() - 60_000
const batchOf = (number: number) =>
  Array.from({ length: BATCH }, (_, index) => knownEvent(number * BATCH + index, recentMs))

/** Sends a batch until it is acknowledged, as every client of ours does. */
async function send(number: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await client.post(`${balancer.url}/api/v1/events`, batchOf(number), bearer()).catch(() => undefined)
    if (answer?.status === 200) {
      expect(answer.json).toMatchObject({ received: BATCH, conflict: 0, rejected: [] })
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`batch ${number} was never acknowledged`)
}

/** `batches` numbers from `first` on, by several senders, each of which sends some of them again; tells how many have arrived. */
async function load(first: number, batches: number, tell: (arrived: number) => void = () => undefined): Promise<void> {
  let next = first
  let arrived = 0
  const sender = async (): Promise<void> => {
    for (;;) {
      const number = next++
      if (number >= first + batches) return
      if (number % 5 === 1) balancer.loseAnswers(1)
      await send(number)
      tell(++arrived)
      if (number % 4 === 0) await send(number)
    }
  }
  await Promise.all(Array.from({ length: SENDERS }, sender))
}

test('lose nothing and count nothing twice, whichever server a batch is sent to again, and one is killed meanwhile', async () => {
  await load(0, BATCHES / 3)
  const killed = servers[2] as ServerProcess
  let loading = Promise.resolve()
  // Killed while the others are on their way, however fast this machine is.
  await new Promise<void>((resolve, reject) => {
    loading = load(BATCHES / 3, BATCHES / 3, (arrived) => {
      if (arrived === 3) resolve()
    })
    loading.catch(reject)
  })
  await killed.kill()
  servers[2] = undefined
  servers.length = 2
  await loading
  await startServer(2)
  await load((2 * BATCHES) / 3, BATCHES / 3)
  // What the killed server had acknowledged and nobody sends again stands in its journal alone until it is applied.
  const all = Array.from({ length: BATCHES }, (_, number) => batchOf(number)).flat()
  const authorized = new HttpClient(1, bearer())
  try {
    // Each waits for its own journal only.
    for (const url of urls()) await totalsOf(authorized, url)
    for (const url of urls()) expect(await totalsOf(authorized, url)).toEqual(totalsByDay(all))
    const byAgent = await Promise.all(
      urls().map((url) =>
        query(authorized, url, {
          from: '2000-01-01T00:00:00Z',
          to: Date.now() + 86_400_000,
          measures: [...TOTALED, 'duration_ms_p95'],
          group_by: ['agent_id', 'model'],
          limit: 100,
        }),
      ),
    )
    expect(byAgent[1]).toEqual(byAgent[0])
    expect(byAgent[2]).toEqual(byAgent[0])
  } finally {
    authorized.close()
  }
  expect(balancer.retried).toBeGreaterThan(5)
  expect(balancer.answered.size).toBeGreaterThanOrEqual(3)
}, 120_000)

test('know a key that was made at any of them, and no longer once it is revoked at another', async () => {
  const [, second, third] = urls() as [string, string, string]
  const made = await client.post(`${second}/api/v1/keys`, { name: 'sender', scopes: ['ingest'] }, bearer())
  expect(made.status).toBe(201)
  const { key: sender, id } = made.json as { readonly key: string; readonly id: string }
  const ask = async (url: string): Promise<number> =>
    (await client.post(`${url}/api/v1/events`, batchOf(0), { authorization: `Bearer ${sender}` })).status
  expect(await ask(second)).toBe(200)
  await expect.poll(() => ask(third)).toBe(200)
  expect((await client.post(`${third}/api/v1/keys/${id}/revoke`, {}, bearer())).status).toBe(200)
  for (const url of urls()) await expect.poll(() => ask(url)).toBe(401)
})
