import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'
import { Prng } from '../../../packages/core/src/journal/testing/prng.ts'
import { expectExactly, lawOf, requestsOf } from './figures.ts'
import { HttpClient } from './http-client.ts'
import { LawWatch } from './law-watch.ts'
import { Oracle } from './oracle.ts'
import { ServerProcess } from './server-process.ts'

const LOADERS = 4
/** One kill in so many comes while the server starts. */
const EARLY = 4
const LONGEST_START_MS = 600
const SHORTEST_RUN_MS = 50
const LONGEST_RUN_MS = 900

/**
 * Kills a server at random moments, of its start too, while several connections send to it. Expects of each next one that
 * nothing acknowledged is missing and nothing is there twice, and of every answer in between that the law balances.
 *
 * @param first so many events the first of them has taken before
 */
export async function killAndRestart(
  dataDir: string,
  kills: number,
  seed: number,
  flags: readonly string[] = [],
  first = 0,
): Promise<void> {
  const prng = new Prng(seed)
  const oracle = new Oracle(seed, Date.now())
  // Each has two connections: a batch may be sent on both at once.
  const clients = Array.from({ length: LOADERS }, () => new HttpClient(2))
  const reader = new HttpClient()
  let url = ''
  const watch = new LawWatch(() => url)
  try {
    for (let kill = 0; kill < kills; kill++) {
      if (prng.below(EARLY) === 0) {
        const starting = new ServerProcess(dataDir, flags)
        await setTimeout(prng.below(LONGEST_START_MS))
        await starting.kill()
        continue
      }
      const server = await ServerProcess.start(dataDir, flags)
      url = server.url
      await expectConsistent(reader, url, oracle)
      if (oracle.issued === 0) await oracle.sendNew(reader, url, first)
      const over = new AbortController()
      const loading = clients.map((client) => oracle.load(client, url, over.signal))
      await setTimeout(SHORTEST_RUN_MS + prng.below(LONGEST_RUN_MS))
      // However slow the machine is, what must have come to pass in the end has done so in the first of these lives.
      const proved = (): boolean => oracle.answered > kills && oracle.duplicates > 0 && watch.polls > kills
      while (server.alive && !proved()) await setTimeout(5)
      await server.kill()
      over.abort()
      await Promise.all(loading)
    }
    const server = await ServerProcess.start(dataDir, flags)
    url = server.url
    await expectConsistent(reader, url, oracle)
    await oracle.resend(clients[0] as HttpClient, url)
    expect(oracle.unknown.size).toBe(0)
    await expectExactly(reader, url, oracle.events())
    expect(await lawOf(reader, url)).toMatchObject({
      store: { balanced: true, accepted: oracle.issued, live: oracle.issued, pending_apply: 0, quarantined: 0 },
      gaps: { missing: 0 },
    })
    expect(await server.stop()).toBe(0)
  } finally {
    await watch.stop()
    for (const client of [...clients, reader]) client.close()
  }
  expect(watch.unbalanced).toEqual([])
  expect(oracle.broken).toEqual([])
  // A run without any of these would have proved nothing.
  expect(oracle.answered).toBeGreaterThan(kills)
  expect(oracle.unanswered).toBeGreaterThan(0)
  expect(oracle.duplicates).toBeGreaterThan(0)
  expect(watch.polls).toBeGreaterThan(kills)
}

/** Before what is unknown has been sent again: at least what was acknowledged, at most what was issued. */
async function expectConsistent(reader: HttpClient, url: string, oracle: Oracle): Promise<void> {
  expect(await lawOf(reader, url)).toMatchObject({ balanced: true })
  const requests = await requestsOf(reader, url)
  expect(requests).toBeGreaterThanOrEqual(oracle.acked.size)
  expect(requests).toBeLessThanOrEqual(oracle.issued)
}
