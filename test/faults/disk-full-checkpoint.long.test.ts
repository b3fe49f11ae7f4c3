import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { expectExactly, requestsOf } from './testing/figures.ts'
import { sizeOf } from './testing/files.ts'
import { sendUntilRefused, sendUntilTaken } from './testing/full-disk.ts'
import { HttpClient } from './testing/http-client.ts'
import { Oracle } from './testing/oracle.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'
import { noSmallDisk, SmallDisk } from './testing/small-disk.ts'

/** Size of its log at which the engine writes all of it into the file, and somewhat less than that. */
const CHECKPOINT_MB = 16
const NEARLY_CHECKPOINT_BYTES = 15_500_000
/** Enough for journal and log to grow until then, not for the file. */
const LEFT_BYTES = 5_500_000

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

  test('that fills up while the store writes its file: figures come back once there is space, in the same process', async () => {
    const small = makeDisk(512)
    const dataDir = join(small.path, 'data')
    const log = join(dataDir, 'tallystick.duckdb.wal')
    const oracle = new Oracle(1, Date.now())
    const config = join(small.path, 'config.json')
    writeFileSync(config, JSON.stringify({ duckdb: { checkpoint_mb: CHECKPOINT_MB } }))
    const server = await ServerProcess.start(dataDir, ['--config', config])
    for (let batches = 0; sizeOf(log) < NEARLY_CHECKPOINT_BYTES; batches++) {
      expect(batches).toBeLessThan(100)
      await oracle.sendNew(client, server.url, 2_000)
      await requestsOf(client, server.url)
    }
    small.fill(LEFT_BYTES)
    expect(await sendUntilRefused(oracle, client, server.url)).toMatchObject({ json: { code: 'disk_full' } })
    // A checkpoint, or whatever else of it came first.
    await expect
      .poll(() => server.errors, { timeout: 20_000 })
      .toMatch(/The store failed: .*(?:checkpoint|No space left)/)
    small.free()
    await sendUntilTaken(oracle, client, server.url)
    // What was under way on the full disk may be told for a moment yet.
    await vi.waitFor(() => expectExactly(client, server.url, oracle.events()), { timeout: 150_000, interval: 500 })
    expect(await client.call(`${server.url}/readyz`)).toMatchObject({ status: 200 })
    expect(await server.stop()).toBe(0)
  }, 300_000)
})
