import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { thorough } from '../../packages/core/src/testing/thorough.ts'
import { tallystick } from '../e2e/cli.ts'
import { expectExactly, lawOnceKnown, requestsOf } from './testing/figures.ts'
import { sendUntilFull, sendUntilTaken } from './testing/full-disk.ts'
import { HttpClient } from './testing/http-client.ts'
import { LawWatch } from './testing/law-watch.ts'
import { Oracle } from './testing/oracle.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'
import { noSmallDisk, SmallDisk } from './testing/small-disk.ts'
import { storeEvents } from './testing/stored-events.ts'

const CYCLES = thorough(2, 20)
if (noSmallDisk !== undefined) console.warn(`A full and a read-only disk are not tested: it ${noSmallDisk}.`)

describe.skipIf(noSmallDisk !== undefined)('on a small disk', () => {
  const client = new HttpClient()
  let disk: SmallDisk | undefined
  const makeDisk = (mebibytes: number): SmallDisk => {
    disk = new SmallDisk(mebibytes)
    return disk
  }
  afterEach(async () => {
    await endServers()
    disk?.remove()
    disk = undefined
  })

  test('that fills up batches are refused and not counted; with space again the same process goes on, and one that starts on it full', async () => {
    const small = makeDisk(64)
    const oracle = new Oracle(1, Date.now())
    let server = await ServerProcess.start(join(small.path, 'data'))
    const watch = new LawWatch(() => server.url)
    try {
      for (let cycle = 0; cycle < CYCLES; cycle++) {
        await oracle.sendNew(client, server.url, 500)
        // A little more is left each time, so that the space ends at another write.
        small.fill(cycle * 24 * 1024)
        const refused = await sendUntilFull(oracle, client, server.url)
        expect(refused).toMatchObject({ json: { code: 'disk_full' } })
        expect([503, 507]).toContain(refused.status)
        expect(refused.headers['retry-after']).toBeDefined()
        expect(await client.call(`${server.url}/readyz`)).toMatchObject({ status: 503 })
        expect(await lawOnceKnown(client, server.url)).toMatchObject({ store: { accepted: oracle.acked.size } })

        small.free()
        await sendUntilTaken(oracle, client, server.url)
        await expectExactly(client, server.url, oracle.events())
        expect(await client.call(`${server.url}/readyz`)).toMatchObject({ status: 200 })
      }

      await oracle.sendNew(client, server.url, 2_000)
      await requestsOf(client, server.url)
      await server.kill()
      small.fill()
      server = await ServerProcess.start(join(small.path, 'data'))
      expect(await requestsOf(client, server.url)).toBe(oracle.acked.size)
      expect(await sendUntilFull(oracle, client, server.url)).toMatchObject({ json: { code: 'disk_full' } })
      small.free()
      await sendUntilTaken(oracle, client, server.url)
      await expectExactly(client, server.url, oracle.events())
    } finally {
      await watch.stop()
    }
    expect(watch.unbalanced).toEqual([])
    expect(oracle.broken).toEqual([])
    expect(await server.stop()).toBe(0)
  }, 300_000)

  test('that holds only the store and is full: events are safe, the server says it is not ready, nobody waits in vain', async () => {
    const small = makeDisk(256)
    const path = join(small.path, 'tallystick.duckdb')
    const dataDir = mkdtempSync(join(tmpdir(), 'full-store-'))
    const oracle = new Oracle(1, Date.now())
    try {
      const server = await ServerProcess.start(dataDir, ['--store', `duckdb:${path}`])
      const url = server.url
      await oracle.sendNew(client, url, 500)
      expect(await requestsOf(client, url)).toBe(500)
      small.fill()
      await oracle.sendNew(client, url, 20_000)
      const unready = { status: 503, json: { reasons: [expect.stringContaining('cannot keep up')] } }
      await expect.poll(() => client.call(`${url}/readyz`), { timeout: 20_000 }).toMatchObject(unready)
      for (const path of ['/api/v1/events?consistency=applied', '/api/v1/invariants?audit=1']) {
        const answer = await client.call(`${url}${path}`)
        expect(answer, path).toMatchObject({ status: 503, json: { code: 'store_unavailable' } })
      }
      small.free()
      await expect.poll(() => client.call(`${url}/readyz`), { timeout: 20_000 }).toMatchObject({ status: 200 })
      await vi.waitFor(() => expectExactly(client, url, oracle.events()), { timeout: 60_000, interval: 500 })
      expect(await server.stop()).toBe(0)
    } finally {
      await endServers()
      rmSync(dataDir, { recursive: true })
    }
  }, 120_000)

  test('that is read-only a server says so in one line and ends', async () => {
    const small = makeDisk(16)
    const dataDir = join(small.path, 'data')
    await storeEvents(dataDir, 100, Date.now())
    small.readOnly()
    const before = readdirSync(dataDir)
    for (const dir of [dataDir, join(small.path, 'another')]) {
      const { code, out, err } = await tallystick(['serve', '--port', '0', '--data', dir])
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err.trim().split('\n'), err).toHaveLength(1)
      expect(err).toContain('data_dir_unusable')
      expect(err).toContain(dir)
    }
    expect(readdirSync(dataDir)).toEqual(before)
  }, 120_000)
})
