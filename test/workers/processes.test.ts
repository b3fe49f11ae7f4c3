import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { folder, type Served, serve } from '../e2e/cli.ts'

vi.setConfig({ testTimeout: 120_000 })

const PROCESS = fileURLToPath(new URL('./testing/recording-process.mjs', import.meta.url))
let dir = ''
let served: Served

beforeAll(async () => {
  dir = folder()
  served = await serve(dir)
})
afterAll(async () => {
  await served.stop()
  rmSync(dir, { recursive: true })
})

interface Work {
  readonly sourceId: string
  readonly events: number
  readonly capacity: number
  readonly burst: boolean
}
interface Account {
  readonly acked: number
  readonly pending: number
  readonly recorded: number
  readonly dropped: Readonly<Record<string, number>>
}

async function started(work: Work): Promise<ChildProcess> {
  const child = fork(PROCESS)
  await once(child, 'message')
  child.send({ url: served.url, ...work })
  return child
}

async function accountOf(child: ChildProcess): Promise<Account> {
  const [account] = (await once(child, 'message')) as [Account]
  child.disconnect()
  await once(child, 'exit')
  return account
}

async function requestsOf(sourceId: string): Promise<number> {
  const response = await fetch(`${served.url}/api/v1/query?consistency=applied`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      from: '2026-01-01T00:00:00Z',
      to: '2100-01-01T00:00:00Z',
      measures: ['requests'],
      filters: { source_id: [sourceId] },
    }),
  })
  const { rows } = (await response.json()) as { rows: { requests: number }[] }
  return rows[0]?.requests ?? 0
}

interface Gap {
  readonly source_id: string
  readonly missing: number
  readonly told: number
  readonly untold: number
}
const gapsOf = async (sourceIds: readonly string[]): Promise<Gap[]> => {
  const answer = (await (await fetch(`${served.url}/api/v1/invariants`)).json()) as { gaps: { worst: Gap[] } }
  return answer.gaps.worst.filter((gap) => sourceIds.includes(gap.source_id))
}

describe('several processes, each with a store of its own', () => {
  it('add up at the server, and what one of them had to drop shows as its gap, told of', async () => {
    const works: Work[] = [
      { sourceId: 'gateway-0', events: 2_000, capacity: 10_000, burst: false },
      { sourceId: 'gateway-1', events: 3_000, capacity: 10_000, burst: false },
      { sourceId: 'gateway-2', events: 1_500, capacity: 1_000, burst: true },
    ]
    const accounts = await Promise.all(works.map(async (work) => accountOf(await started(work))))
    for (const [index, { sourceId, events }] of works.entries()) {
      const { acked, pending, recorded } = accounts[index] as Account
      expect([pending, recorded]).toEqual([0, events])
      expect(await requestsOf(sourceId)).toBe(acked)
    }
    expect(accounts.map(({ acked, dropped }) => [acked, dropped])).toEqual([
      [2_000, {}],
      [3_000, {}],
      [1_000, { queue_full: 500 }],
    ])
    const gaps = await gapsOf(works.map(({ sourceId }) => sourceId))
    expect(gaps).toMatchObject([{ source_id: 'gateway-2', told: 500, untold: 0 }])
  })

  it('hurt nobody but themselves when they are killed, and the server has what it acknowledged', async () => {
    const killed = await started({ sourceId: 'killed', events: 1_000_000, capacity: 10_000, burst: false })
    const other = accountOf(await started({ sourceId: 'other', events: 2_000, capacity: 10_000, burst: false }))
    while ((await requestsOf('killed')) === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    expect(await other).toMatchObject({ acked: 2_000, pending: 0 })
    expect(await requestsOf('other')).toBe(2_000)
    expect(await gapsOf(['other'])).toEqual([])
    // Whole batches arrived, so the numbers have no hole up to the last one that the server has.
    for (const gap of await gapsOf(['killed'])) expect(gap.missing).toBe(0)
  })
})
