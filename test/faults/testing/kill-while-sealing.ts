import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'
import { Prng } from '../../../packages/core/src/journal/testing/prng.ts'
import { thorough } from '../../../packages/core/src/testing/thorough.ts'
import { expectExactly, requestsOf } from './figures.ts'
import { sizeOf } from './files.ts'
import { HttpClient } from './http-client.ts'
import { Oracle } from './oracle.ts'
import { ServerProcess } from './server-process.ts'

/** Of days long past, but for one in eight: a store that is made anew of these has much to seal at once. */
const EVENTS = thorough(6_000, 24_000)
/** The store looks this often for what is to be sealed. */
const SEALED_EVERY_MS = 5_000
const AROUND_MS = 400
const LONGEST_REBUILD_MS = 300
const PATIENCE_MS = 30_000
const MOMENT_MS = 3_000

/**
 * Kills a server that makes its store anew: while it reads the journal, about when it makes cells of the rows, and when it
 * writes them to the file; then lets it finish, and expects the same totals of rows and cells.
 */
export async function killWhileSealing(dataDir: string, rounds: number, seed: number): Promise<void> {
  const prng = new Prng(seed)
  const oracle = new Oracle(seed, Date.now())
  const client = new HttpClient(2)
  const file = join(dataDir, 'tallystick.duckdb')
  try {
    const first = await ServerProcess.start(dataDir)
    await oracle.sendNew(client, first.url, EVENTS)
    await first.kill()
    for (let round = 0; round < rounds; round++) {
      for (const name of readdirSync(dataDir)) if (name.startsWith('tallystick.duckdb')) rmSync(join(dataDir, name))
      await killed(dataDir, () => setTimeout(prng.below(LONGEST_REBUILD_MS)))
      await killed(dataDir, async ({ url }) => {
        await requestsOf(client, url)
        await written(file)
      })
      await killed(dataDir, async ({ url }) => {
        // Late rows, to be sealed beside what was there before.
        await oracle.sendNew(client, url, 500)
        await setTimeout(SEALED_EVERY_MS - AROUND_MS + prng.below(2 * AROUND_MS))
      })
    }
    const last = await ServerProcess.start(dataDir)
    await sealed(client, last.url)
    await expectExactly(client, last.url, oracle.events())
    expect(oracle.broken).toEqual([])
    expect(await last.stop()).toBe(0)
  } finally {
    client.close()
  }
}

async function killed(dataDir: string, moment: (server: ServerProcess) => Promise<unknown>): Promise<void> {
  const server = await ServerProcess.start(dataDir)
  await moment(server)
  await server.kill()
}

/**
 * Waits until the store writes to its file or its log, which without new events it does only when it seals; not for long, since
 * it may have sealed everything before.
 */
async function written(file: string): Promise<void> {
  const size = (): number => sizeOf(file) + sizeOf(`${file}.wal`)
  const before = size()
  const deadline = Date.now() + MOMENT_MS
  while (size() === before) {
    if (Date.now() > deadline) return
    await setTimeout(1)
  }
}

/** Waits until everything but late rows, which are few and stay raw, is in cells. */
async function sealed(client: HttpClient, url: string): Promise<void> {
  const behind = async (): Promise<boolean> => {
    const { store } = (await client.call(`${url}/api/v1/status`)).json as {
      store: { sealed_to_ms: number; newest_ms: number }
    }
    return store.sealed_to_ms > Math.min(Date.now() - 20 * 60_000, store.newest_ms)
  }
  await expect.poll(behind, { timeout: PATIENCE_MS, interval: 100 }).toBe(true)
}
