import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Prng } from '../../packages/core/src/journal/testing/prng.ts'
import { thorough } from '../../packages/core/src/testing/thorough.ts'
import { HttpClient } from './testing/http-client.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

const RESERVED = 1_000
/** So many leases are asked for at once, and there is room for so few. */
const AT_ONCE = 1_000
const ROOM = 123
const JSON_TYPE = { 'content-type': 'application/json' }

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'budget-kill-'))
})
afterEach(async () => {
  await endServers()
  rmSync(dataDir, { recursive: true })
})

interface Standing {
  readonly spent: string
  readonly reserved: string
  readonly requests: number
  readonly leases: number
}

const post = (client: HttpClient, url: string, body: object): ReturnType<HttpClient['call']> =>
  client.call(url, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) })

async function standingOf(client: HttpClient, url: string): Promise<Standing> {
  return (await client.call(`${url}/api/v1/budgets/all`)).json as Standing
}

/** What the figures say, which is what the events say. */
async function sumOf(client: HttpClient, url: string): Promise<{ cost: string; requests: number }> {
  const body = { from: 0, to: '9999-12-31T00:00:00Z', measures: ['requests', 'cost_nano_usd'] }
  const { json } = await post(client, `${url}/api/v1/query?consistency=applied`, body)
  const [row] = (json as { rows: { cost_nano_usd: number; requests: number }[] }).rows
  return { cost: String(row?.cost_nano_usd ?? 0), requests: row?.requests ?? 0 }
}

/** A request on its way: reserved, then settled. What was not answered is sent again as it was. */
class Requests {
  readonly known = new Map<string, { readonly cost: number; settled: boolean }>()
  readonly #prng: Prng
  #issued = 0

  constructor(seed: number) {
    this.#prng = new Prng(seed)
  }

  get settledCost(): number {
    return [...this.known.values()].reduce((sum, { cost, settled }) => sum + (settled ? cost : 0), 0)
  }

  async run(client: HttpClient, url: string, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const id = `request-${this.#issued++}`
      this.known.set(id, { cost: this.#prng.below(RESERVED), settled: false })
      await this.once(client, url, id).catch(() => undefined)
    }
  }

  async once(client: HttpClient, url: string, id: string): Promise<void> {
    const request = this.known.get(id)
    if (request === undefined || request.settled) return
    const lease = await post(client, `${url}/api/v1/leases`, { request_id: id, agent_id: '1', nano_usd: RESERVED })
    expect(lease.status).toBe(201)
    const event = { model: 'gpt-4o', cost_nano_usd: request.cost }
    const settled = await post(client, `${url}/api/v1/leases/${(lease.json as { id: string }).id}/settle`, { event })
    expect(settled.status, settled.text).toBe(200)
    request.settled = true
  }
}

test(
  'killed in the middle of settles, what a budget has spent is the sum of the events',
  async () => {
    const requests = new Requests(20)
    const prng = new Prng(21)
    const clients = Array.from({ length: 8 }, () => new HttpClient())
    const [reader] = clients as [HttpClient]
    const KILLS = thorough(2, 12)
    for (let kill = 0; kill <= KILLS; kill++) {
      const server = await ServerProcess.start(dataDir)
      const { url } = server
      const made = await post(reader, `${url}/api/v1/budgets`, {
        ...{ id: 'all', name: 'All', amount: 10 ** 15, window: { kind: 'total' } },
      })
      expect(made.status).toBe(kill === 0 ? 201 : 409)
      const sum = await sumOf(reader, url)
      const standing = await standingOf(reader, url)
      expect(standing).toMatchObject({ spent: sum.cost, requests: sum.requests })
      expect(Number(sum.cost)).toBeGreaterThanOrEqual(requests.settledCost)
      // No more room is taken than by the requests that nobody knows the end of.
      expect(Number(standing.reserved)).toBe(standing.leases * RESERVED)
      expect(standing.leases).toBeLessThanOrEqual(clients.length * kill)
      if (kill < KILLS) {
        const over = new AbortController()
        const running = clients.map((client) => requests.run(client, url, over.signal))
        await setTimeout(100 + prng.below(500))
        await server.kill()
        over.abort()
        await Promise.all(running)
        continue
      }
      const open = [...requests.known].filter(([, { settled }]) => !settled)
      // A run without any would have proved nothing.
      expect(open.length).toBeGreaterThan(0)
      for (const [id] of open) await requests.once(reader, url, id)
      expect(await standingOf(reader, url)).toMatchObject({
        ...{ spent: String(requests.settledCost), requests: requests.known.size, reserved: '0', leases: 0 },
      })
      expect(await sumOf(reader, url)).toEqual({ cost: String(requests.settledCost), requests: requests.known.size })
      expect(await server.stop()).toBe(0)
    }
    for (const client of clients) client.close()
  },
  thorough(120_000, 600_000),
)

test('1,000 requests at once over HTTP never get more than a budget has', async () => {
  const { url } = await ServerProcess.start(dataDir)
  const client = new HttpClient(100)
  await post(client, `${url}/api/v1/budgets`, {
    id: 'all',
    name: 'All',
    amount: ROOM * RESERVED + 456,
    window: { kind: 'total' },
  })
  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) =>
      post(client, `${url}/api/v1/leases`, { request_id: `r${index}`, nano_usd: RESERVED }),
    ),
  )
  const granted = answers.filter(({ status }) => status === 201)
  expect(granted).toHaveLength(ROOM)
  expect(answers.filter(({ status }) => status === 402)).toHaveLength(AT_ONCE - ROOM)
  expect(await standingOf(client, url)).toMatchObject({ spent: '0', reserved: String(ROOM * RESERVED), leases: ROOM })
  const settled = await Promise.all(
    granted.map(({ json }) =>
      post(client, `${url}/api/v1/leases/${(json as { id: string }).id}/settle`, {
        event: { model: 'gpt-4o', cost_nano_usd: RESERVED },
      }),
    ),
  )
  expect(settled.every(({ status }) => status === 200)).toBe(true)
  expect(await standingOf(client, url)).toMatchObject({ spent: String(ROOM * RESERVED), reserved: '0', requests: ROOM })
  client.close()
}, 60_000)
