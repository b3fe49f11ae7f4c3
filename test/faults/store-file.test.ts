import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { dataPlace } from './testing/data-block.ts'
import { expectExactly, requestsOf } from './testing/figures.ts'
import { cut, flip, sizeOf } from './testing/files.ts'
import { HttpClient } from './testing/http-client.ts'
import { Oracle } from './testing/oracle.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

const EVENTS = thorough(1_000, 3_000)

let dataDir: string
let file: string
let wal: string
const client = new HttpClient()
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'store-file-'))
  file = join(dataDir, 'tallystick.duckdb')
  wal = `${file}.wal`
})
afterEach(async () => {
  await endServers()
  rmSync(dataDir, { recursive: true })
})

const setAside = (): number => readdirSync(dataDir).filter((name) => /\.corrupt-\d+$/.test(name)).length

/** After a kill the newest rows stand in the write-ahead log, after a stop all of them in the file. */
type Ending = 'kill' | 'stop'

interface Damage {
  readonly ending: Ending
  readonly does: () => void
  /** Files that are moved aside, where that is certain. */
  readonly aside?: number
  /** Like another one, and left to the long run. */
  readonly rare?: true
}

const DAMAGES: { readonly [name: string]: Damage } = {
  'file and log deleted': {
    ending: 'kill',
    does: () => {
      rmSync(file)
      rmSync(wal)
    },
    aside: 0,
    rare: true,
  },
  'the log deleted': { ending: 'kill', does: () => rmSync(wal), aside: 0 },
  'the file deleted and its log kept': { ending: 'kill', does: () => rmSync(file) },
  'the log cut in the middle': { ending: 'kill', does: () => cut(wal, sizeOf(wal) >> 1), rare: true },
  'a byte of the log changed': { ending: 'kill', does: () => flip(wal, sizeOf(wal) >> 1) },
  'the file emptied': { ending: 'stop', does: () => truncateSync(file, 0) },
  'the file cut in the middle': { ending: 'stop', does: () => cut(file, sizeOf(file) >> 1), aside: 1 },
  'another file in its place': {
    ending: 'stop',
    does: () => writeFileSync(file, 'not a database'),
    aside: 1,
    rare: true,
  },
  'a byte of its first header changed': { ending: 'stop', does: () => flip(file, 9), aside: 1, rare: true },
}

/** Columns of which a byte is changed, one at a time: read by queries, by listings, by nothing but the comparison. */
const COLUMNS = LONG ? ['input_tokens', 'event_id', 'seq'] : ['input_tokens']
const PATIENCE_MS = 30_000

/** Everything is read, damage is met by that, and the next attempt finds what was made again. */
async function untilSound(url: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const { status, json } = await client.call(`${url}/api/v1/invariants?audit=1`)
    if (status === 200 && (json as { ok: boolean }).ok) return
    if (Date.now() > deadline) throw new Error(`Still ${status}: ${JSON.stringify(json)}`)
    await setTimeout(100)
  }
}

async function begin(): Promise<{ oracle: Oracle; server: ServerProcess }> {
  const oracle = new Oracle(1, Date.now())
  const server = await ServerProcess.start(dataDir)
  await oracle.sendNew(client, server.url, EVENTS)
  await expectExactly(client, server.url, oracle.events())
  return { oracle, server }
}

test(
  'a store file that is deleted, cut or changed between two lives is set aside and made again, with the same totals',
  async () => {
    const { oracle, server: first } = await begin()
    let server = first
    for (const [name, { ending, does, aside, rare = false }] of Object.entries(DAMAGES)) {
      if (rare && !LONG) continue
      const before = setAside()
      await oracle.sendNew(client, server.url, 10)
      // In the store too, so that there is a log to damage.
      expect(await requestsOf(client, server.url)).toBe(oracle.issued)
      await server[ending]()
      does()
      server = await ServerProcess.start(dataDir)
      await expectExactly(client, server.url, oracle.events())
      if (aside !== undefined) expect(setAside() - before, name).toBe(aside)
    }
    expect(oracle.broken).toEqual([])
    expect(await server.stop()).toBe(0)
  },
  thorough(120_000, 600_000),
)

test(
  'damage that is met only when a block is first read does not stay: the file is made again while the server runs',
  async () => {
    const { oracle, server: first } = await begin()
    let server = first
    for (const column of COLUMNS) {
      const before = setAside()
      await server.stop()
      flip(file, await dataPlace(file, column))
      server = await ServerProcess.start(dataDir)
      await untilSound(server.url)
      expect(setAside(), 'set aside by a server that runs').toBe(before + 1)
      await expectExactly(client, server.url, oracle.events())
    }
    expect(await server.stop()).toBe(0)
  },
  thorough(120_000, 600_000),
)
