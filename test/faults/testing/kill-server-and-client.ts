import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'
import { Prng } from '../../../packages/core/src/journal/testing/prng.ts'
import { lawOf, requestsOf } from './figures.ts'
import { HttpClient } from './http-client.ts'
import { type Flushed, type LifeAccount, RecorderProcess, type SpoolPlace } from './recorder-process.ts'
import { ServerProcess } from './server-process.ts'

/** One round in so many is cut short before anything was told to be on disk. */
const EARLY = 4
const LONGEST_RUN_MS = 500
/** By then each recorder has dropped something. */
const TOLD = 3

/**
 * Recorders with spools send to a server. Server and recorders are killed at random moments, in any order, and started again.
 * In the end the server must hold what was recorded less what is reported as dropped, and show no gap that it was not told of.
 *
 * @param places of the spools, one for each recorder. Where they share a directory, accounts of lives that lost nothing may stay
 * in the directories of others, and only the server knows the sum.
 */
export async function killServerAndClient(
  data: string,
  places: readonly SpoolPlace[],
  rounds: number,
  seed: number,
): Promise<void> {
  const prng = new Prng(seed)
  const reader = new HttpClient()
  const flushed = new Map<string, Flushed>()
  let recorders: RecorderProcess[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      const server = await ServerProcess.start(data)
      recorders = places.map((place) => new RecorderProcess(place, server.url, 'record'))
      if (prng.below(EARLY) > 0) await Promise.all(recorders.map((recorder) => recorder.told(TOLD)))
      await setTimeout(prng.below(LONGEST_RUN_MS))
      const kills = [() => server.kill(), ...recorders.map((recorder) => () => recorder.kill())]
      for (const kill of prng.shuffled(kills)) {
        await kill()
        await setTimeout(prng.below(200))
      }
      for (const { flushed: told, errors } of recorders) {
        expect(errors).toBe('')
        if (told !== undefined) flushed.set(nameOf(told.life), told)
      }
    }
    const server = await ServerProcess.start(data)
    const lives: LifeAccount[] = []
    for (const place of places) {
      const draining = new RecorderProcess(place, server.url, 'drain')
      recorders = [draining]
      const { pending, lives: told } = await draining.drained()
      expect(pending).toBe(0)
      lives.push(...told)
    }
    const accounts = new Map(lives.map((life) => [nameOf(life), life]))
    for (const { recorded, acked, pending, dropped } of accounts.values())
      expect({ recorded, pending }).toEqual({ recorded: acked + sum(Object.values(dropped)), pending: 0 })
    const shared = places.some((place) => 'parent' in place)
    for (const [name, { recorded, lost }] of flushed) {
      const account = accounts.get(name)
      if (account === undefined) expect({ shared, lost }).toEqual({ shared: true, lost: 0 })
      else expect(account.recorded).toBeGreaterThanOrEqual(recorded)
    }
    const total = await requestsOf(reader, server.url)
    const promised = sum([...flushed.values()].map(({ recorded, lost }) => recorded - lost))
    expect(total).toBeGreaterThanOrEqual(promised)
    if (!shared) expect(total).toBe(sum([...accounts.values()].map(({ acked }) => acked)))
    expect(await lawOf(reader, server.url)).toMatchObject({
      balanced: true,
      store: { accepted: total, live: total },
      gaps: { untold: 0, outstanding: 0 },
    })
    // A run without any of these would have proved nothing.
    expect(promised).toBeGreaterThan(rounds)
    expect(sum(lives.map(({ dropped }) => dropped['queue_full'] ?? 0))).toBeGreaterThan(0)
    expect(await server.stop()).toBe(0)
  } finally {
    for (const recorder of recorders) await recorder.kill()
    reader.close()
  }
}

function nameOf({ sourceId, epoch }: { readonly sourceId: string; readonly epoch: number }): string {
  return JSON.stringify([sourceId, epoch])
}

function sum(counts: Iterable<number>): number {
  let total = 0
  for (const count of counts) total += count
  return total
}
