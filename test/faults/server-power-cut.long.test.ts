import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { afterEach, describe, expect, test } from 'vitest'
import { Prng } from '../../packages/core/src/journal/testing/prng.ts'
import { expectExactly, lawOf, listed } from './testing/figures.ts'
import { HttpClient } from './testing/http-client.ts'
import { Oracle } from './testing/oracle.ts'
import { PowerDisk, powerDisksPossible } from './testing/power-disk.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

/** A new one now and then, so that small and large stores are cut. */
const DISKS = 4
const CUTS_PER_DISK = 6
const LOADERS = 2
const BATCH = 2_000

/** Power cuts of the whole server: journal, ids and store lie on the file system whose copy is examined. */
describe.runIf(powerDisksPossible)('a server on ext4', () => {
  let disk: PowerDisk | undefined
  afterEach(async () => {
    await endServers()
    disk?.remove()
    disk = undefined
  })

  test.each(Array.from({ length: DISKS }, (_, index) => index + 1))(
    `loses nothing acknowledged and doubles nothing in ${CUTS_PER_DISK} power cuts under load, on disk %i`,
    async (seed) => {
      const prng = new Prng(seed)
      const oracle = new Oracle(seed, Date.now())
      disk = new PowerDisk(256)
      const clients = Array.from({ length: LOADERS }, () => new HttpClient(2))
      const server = await ServerProcess.start(join(disk.live, 'data'))
      const over = new AbortController()
      const loading = clients.map((client) => oracle.load(client, server.url, over.signal))
      let examined = 0
      try {
        for (let number = 1; number <= CUTS_PER_DISK; number++) {
          await setTimeout(50 + prng.below(450))
          examined += await cut(disk, server, oracle, `cut ${number}`)
        }
      } finally {
        over.abort()
        await server.kill()
        await Promise.all(loading)
        for (const client of clients) client.close()
      }
      expect(oracle.broken).toEqual([])
      // Cuts of an idle server would prove nothing.
      expect(examined).toBeGreaterThan(CUTS_PER_DISK * 10)
    },
    590_000,
  )
})

/** Cuts the power once and examines what is left, then lets the server go on as if nothing had been. Gives what had been acknowledged. */
async function cut(disk: PowerDisk, server: ServerProcess, oracle: Oracle, name: string): Promise<number> {
  server.child.kill('SIGSTOP')
  // The kernel ends what it was asked for, and the last acknowledgements come in.
  await setTimeout(20)
  const acked = [...oracle.acked].map((number) => oracle.event(number).event_id)
  const issued = oracle.events()
  disk.copy()
  await disk.afterwards(async (path) => {
    const client = new HttpClient()
    // After a real cut the machine has started anew, and the process that is named here is not this one.
    rmSync(join(path, 'data', 'journal', 'LOCK'), { force: true })
    const survivor = await ServerProcess.start(join(path, 'data'))
    try {
      expect(await lawOf(client, survivor.url), name).toMatchObject({ balanced: true, store: { quarantined: 0 } })
      const ids = (await listed(client, survivor.url)).map((event) => event.event_id)
      const there = new Set(ids)
      expect(there.size, `${name}: none is doubled`).toBe(ids.length)
      expect(
        acked.filter((id) => !there.has(id)),
        `${name}: none is lost`,
      ).toEqual([])
      let accepted = 0
      for (let at = 0; at < issued.length; at += BATCH) {
        const { json } = await client.post(`${survivor.url}/api/v1/events`, { events: issued.slice(at, at + BATCH) })
        accepted += (json as { accepted: number }).accepted
      }
      expect(accepted, `${name}: what was not there is taken`).toBe(issued.length - there.size)
      await expectExactly(client, survivor.url, issued)
    } finally {
      client.close()
      await survivor.kill()
    }
  })
  server.child.kill('SIGCONT')
  return acked.length
}
