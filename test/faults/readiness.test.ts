import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sendUntilFull } from './testing/full-disk.ts'
import { HttpClient } from './testing/http-client.ts'
import { Oracle } from './testing/oracle.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'
import { noSmallDisk, SmallDisk } from './testing/small-disk.ts'

/** What `/readyz` of a real server says when it cannot keep things, and that it says so no longer than that. */

describe.skipIf(noSmallDisk !== undefined)('a server is not ready', () => {
  const client = new HttpClient()
  const oracle = new Oracle(1, Date.now())
  let disk: SmallDisk
  let dataDir: string
  let server: ServerProcess
  let key: string

  const ready = (): Promise<{ status: number; json: unknown }> => client.call(`${server.url}/readyz`)
  /** A store that stands on the same disk may rightly say that it cannot go on either, sooner or later. */
  const red = (...reasons: string[]): object => ({
    status: 503,
    json: {
      status: 'unavailable',
      reasons: expect.toSatisfy(
        (told: readonly string[]) =>
          told.length ===
            reasons.length + (told.some((reason) => reason.startsWith('The store cannot keep up')) ? 1 : 0) &&
          reasons.every((reason, index) => told[index]?.includes(reason)),
        `says ${reasons.join(', ')}`,
      ),
    },
  })
  const tenant = (id: string): Promise<{ status: number }> =>
    fetch(`${server.url}/api/v1/tenants`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id, name: id }),
    })

  beforeAll(async () => {
    disk = new SmallDisk(64)
    dataDir = join(disk.path, 'data')
    server = await ServerProcess.start(dataDir)
    await oracle.sendNew(client, server.url, 200)
  }, 60_000)
  afterAll(async () => {
    await endServers()
    disk?.remove()
  })

  test('while the disk is full, and ready with space again although nobody has written anything', async () => {
    disk.fill()
    expect(await sendUntilFull(oracle, client, server.url)).toMatchObject({ json: { code: 'disk_full' } })
    expect(await ready()).toMatchObject(red('disk is full'))
    disk.free()
    await expect.poll(ready, { timeout: 30_000 }).toMatchObject({ status: 200 })
    await oracle.sendNew(client, server.url, 200)
    expect(await ready()).toMatchObject({ status: 200, json: { status: 'ready' } })
  })

  test('while its directories are gone; without a key nobody is told which', async () => {
    const made = await fetch(`${server.url}/api/v1/keys`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'k', scopes: ['admin'] }),
    })
    key = ((await made.json()) as { key: string }).key
    rmSync(join(dataDir, 'state'), { recursive: true })
    expect(await ready()).toMatchObject(red('control state is gone'))
    rmSync(join(dataDir, 'journal'), { recursive: true })
    const answer = await ready()
    expect(answer).toMatchObject(red('journal is gone', 'control state is gone'))
    expect(JSON.stringify(answer.json)).not.toContain(disk.path)
    expect(Object.keys(answer.json as object)).toEqual(['status', 'reasons'])
    expect((await tenant('t')).status).toBe(503)
    const sent = (): Promise<{ status: number }> =>
      fetch(`${server.url}/api/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ event_id: 'after', model: 'gpt-4o' }),
      })
    expect((await sent()).status).toBe(503)

    for (const name of ['journal', 'state']) mkdirSync(join(dataDir, name), { mode: 0o700 })
    await expect.poll(ready, { timeout: 30_000 }).toMatchObject({ status: 200 })
    expect([(await sent()).status, (await tenant('t')).status]).toEqual([200, 201])
    expect(await ready()).toMatchObject({ status: 200 })
  })
})
