import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { checkBackup } from '../../packages/server/src/backup/check.ts'
import { start, tallystick } from '../e2e/cli.ts'
import { lawOf, requestsOf } from './testing/figures.ts'
import { HttpClient } from './testing/http-client.ts'
import { Oracle } from './testing/oracle.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'
import { noSmallDisk, SmallDisk } from './testing/small-disk.ts'

const client = new HttpClient()
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'backup-faults-'))
})
afterEach(async () => {
  await endServers()
  rmSync(dir, { recursive: true })
})

/** Begins a backup and kills it so long after it has begun to write. */
async function killed(command: readonly string[], target: string, waitMs: number): Promise<void> {
  const child = start(command)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const begun = async (): Promise<void> => {
    while (child.exitCode === null && !existsSync(`${target}.partial`)) await sleep(1)
    await sleep(waitMs)
  }
  await Promise.race([begun(), ended])
  child.kill('SIGKILL')
  await ended
}

test('a backup under load, after others were killed on their way, holds everything acknowledged before it began', async () => {
  const server = await ServerProcess.start(join(dir, 'data'))
  const oracle = new Oracle(11, Date.now())
  await oracle.sendNew(client, server.url, thorough(8_000, 20_000))
  const stop = new AbortController()
  const loads = [1, 2].map(() => oracle.load(client, server.url, stop.signal))
  const target = join(dir, 'backup')
  const command = ['backup', target, '--server', server.url]
  let ackedBefore: number[] = []
  try {
    const kills = [
      () => killed(command, target, 5),
      ...(LONG ? [350, 500, 700, 900] : []).map((killAfterMs) => () => tallystick(command, { killAfterMs })),
    ]
    for (const kill of kills) {
      await kill()
      if (!existsSync(target)) continue
      // It was done sooner. What has its name is whole.
      await checkBackup(target)
      rmSync(target, { recursive: true })
    }
    ackedBefore = [...oracle.acked]
    expect(await tallystick(command)).toMatchObject({ code: 0 })
  } finally {
    stop.abort()
    await Promise.all(loads)
  }
  const { manifest } = await checkBackup(target)
  expect(existsSync(`${target}.partial`)).toBe(false)
  expect(readdirSync(join(dir, 'data'))).not.toContain('backup.tmp')
  expect(oracle.broken).toEqual([])
  expect(await lawOf(client, server.url)).toMatchObject({ balanced: true, store: { accepted: oracle.acked.size } })

  expect(await tallystick(['restore', target, '--data', join(dir, 'restored')])).toMatchObject({ code: 0 })
  const copy = await ServerProcess.start(join(dir, 'restored'))
  expect(await requestsOf(client, copy.url)).toBe(manifest.accepted_events)
  const resend = async (numbers: readonly number[]): Promise<{ accepted: number; duplicate: number }> => {
    const sum = { accepted: 0, duplicate: 0 }
    for (let at = 0; at < numbers.length; at += 4_000) {
      const events = numbers.slice(at, at + 4_000).map((number) => oracle.event(number))
      const { json } = await client.post(`${copy.url}/api/v1/events`, { events })
      sum.accepted += (json as typeof sum).accepted
      sum.duplicate += (json as typeof sum).duplicate
    }
    return sum
  }
  expect(await resend(ackedBefore)).toEqual({ accepted: 0, duplicate: ackedBefore.length })
  const all = oracle.acked.size
  const inside = manifest.accepted_events as number
  expect(await resend([...oracle.acked])).toEqual({ accepted: all - inside, duplicate: inside })
  expect(await requestsOf(client, copy.url)).toBe(await requestsOf(client, server.url))
}, 120_000)

describe.skipIf(noSmallDisk !== undefined)('on a small disk', () => {
  let disk: SmallDisk
  beforeEach(() => {
    disk = new SmallDisk(thorough(1, 4))
  })
  afterEach(() => disk.remove())

  test('a backup and a restore that find no room say so and leave nothing that looks whole', async () => {
    const server = await ServerProcess.start(join(dir, 'data'))
    const oracle = new Oracle(12, Date.now())
    const events = thorough(4_000, 12_000)
    await oracle.sendNew(client, server.url, events)
    for (const name of ['b', 'b.tar']) {
      const target = join(disk.path, name)
      expect(await tallystick(['backup', target, '--server', server.url])).toMatchObject({
        code: 1,
        err: expect.stringContaining('disk_full'),
      })
      expect(readdirSync(disk.path)).toEqual([])
    }
    const target = join(dir, 'backup')
    // The server lets go of a backup that nobody reads any more.
    expect(await tallystick(['backup', target, '--server', server.url])).toMatchObject({ code: 0 })
    expect(await tallystick(['restore', target, '--data', join(disk.path, 'data')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('disk_full'),
    })
    expect(readdirSync(join(disk.path, 'data'))).toEqual([])
    expect(await lawOf(client, server.url)).toMatchObject({ balanced: true, store: { accepted: events } })
  }, 60_000)
})
