import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { tallystick } from '../e2e/cli.ts'
import { expectExactly, lawOf, listed, requestsOf, totalsOf } from './testing/figures.ts'
import { cut, flip, sizeOf } from './testing/files.ts'
import { HttpClient } from './testing/http-client.ts'
import { totalsByDay } from './testing/known-event.ts'
import { Oracle } from './testing/oracle.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'
import { refusing, SlowRequest } from './testing/slow-request.ts'
import { storeEvents } from './testing/stored-events.ts'

const EVENTS = thorough(500, 1_000)

/** How a server came to its end. */
type Ending = 'kill' | 'stop'

let filled: string
let dataDir: string
const recentMs = Date.now()
const client = new HttpClient()
// Two servers for the whole file: most tests are about what comes after such a life, and begin with a copy of it.
beforeAll(async () => {
  filled = mkdtempSync(join(tmpdir(), 'damage-filled-'))
  const endings: readonly Ending[] = ['kill', 'stop']
  await Promise.all(
    endings.map(async (ending) => {
      const server = await ServerProcess.start(join(filled, ending))
      await new Oracle(1, recentMs).sendNew(client, server.url, EVENTS)
      expect(await requestsOf(client, server.url)).toBe(EVENTS)
      expect(await server[ending]()).toBe(ending === 'stop' ? 0 : undefined)
    }),
  )
})
afterAll(() => rmSync(filled, { recursive: true }))
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'damage-'))
})
afterEach(async () => {
  await endServers()
  rmSync(dataDir, { recursive: true })
})

/** What a server with events in journal and store has left that was killed, or has ended in order. */
function leftBy(ending: Ending): Oracle {
  cpSync(join(filled, ending), dataDir, { recursive: true })
  const oracle = new Oracle(1, recentMs)
  for (const number of oracle.issue(EVENTS)) oracle.acked.add(number)
  return oracle
}

/** A server with events in journal and store. */
async function begin(): Promise<{ oracle: Oracle; server: ServerProcess }> {
  const oracle = leftBy('stop')
  const server = await ServerProcess.start(dataDir)
  expect(await requestsOf(client, server.url)).toBe(EVENTS)
  return { oracle, server }
}

const newestSegment = (): string => {
  const names = readdirSync(join(dataDir, 'journal')).filter((name) => /^\d+\.jsonl$/.test(name))
  return join(dataDir, 'journal', names.sort().at(-1) as string)
}

function deleteStore(): void {
  for (const name of readdirSync(dataDir)) if (name.startsWith('tallystick.duckdb')) rmSync(join(dataDir, name))
}

/** Ends a server, by a signal that it obeys if one is given, and starts the next; without one, after a kill of whatever runs. */
async function restarted(server?: ServerProcess): Promise<ServerProcess> {
  if (server) expect(await server.stop()).toBe(0)
  else await endServers()
  return ServerProcess.start(dataDir)
}

interface Audit {
  readonly ok: boolean
  readonly differences: readonly string[]
  readonly journal: {
    readonly damaged_lines: number
    readonly held_by_store: number
    readonly lost: readonly unknown[]
  }
}

/** What `tallystick verify` prints as JSON. */
async function audited(url: string): Promise<Audit> {
  return (await client.call(`${url}/api/v1/invariants?audit=1`)).json as Audit
}

/** Sends every event of the oracle once more, and gives how many were taken as new. */
async function repeat(oracle: Oracle, url: string): Promise<number> {
  const { status, json } = await client.post(`${url}/api/v1/events`, { events: oracle.events() })
  const { accepted, duplicate, conflict } = json as { accepted: number; duplicate: number; conflict: number }
  expect({ status, all: accepted + duplicate, conflict }).toEqual({ status: 200, all: oracle.issued, conflict: 0 })
  return accepted
}

describe('a changed byte in the journal', () => {
  test('costs that line only: it is counted, told by verify, and can be sent again, although its id is known from before', async () => {
    const oracle = leftBy('stop')
    flip(newestSegment(), sizeOf(newestSegment()) >> 1)
    deleteStore()
    const server = await ServerProcess.start(dataDir)
    expect(await requestsOf(client, server.url)).toBe(EVENTS - 1)
    const held = new Set((await listed(client, server.url)).map((event) => event.event_id))
    const kept = oracle.events().filter((event) => held.has(event.event_id))
    expect(kept).toHaveLength(EVENTS - 1)
    expect(await totalsOf(client, server.url)).toEqual(totalsByDay(kept))
    expect((await client.call(`${server.url}/api/v1/status`)).json).toMatchObject({ journal: { quarantined_lines: 1 } })
    expect(await lawOf(client, server.url)).toMatchObject({
      store: { balanced: true, accepted: EVENTS, live: EVENTS - 1, quarantined: 1 },
    })
    expect((await audited(server.url)).journal).toMatchObject({
      damaged_lines: 1,
      held_by_store: 0,
      lost: [[expect.any(Number), expect.any(Number)]],
    })

    expect(await repeat(oracle, server.url)).toBe(1)
    expect(await totalsOf(client, server.url)).toEqual(totalsByDay(oracle.events()))
    const ids = (await listed(client, server.url)).map((event) => event.event_id)
    expect(ids).toHaveLength(EVENTS)
    expect(new Set(ids).size).toBe(EVENTS)
    const { code, out, err } = await tallystick(['verify', '--data', dataDir])
    expect({ code, out }).toMatchObject({ code: 1, out: expect.stringContaining('1 damaged lines') })
    expect(err).toContain('1 lines of the journal are damaged')

    for (const restart of [...(LONG ? [() => restarted(server)] : []), () => restarted()]) {
      const again = await restart()
      expect(await repeat(oracle, again.url)).toBe(0)
      expect(await totalsOf(client, again.url)).toEqual(totalsByDay(oracle.events()))
      expect(await lawOf(client, again.url)).toMatchObject({
        store: { balanced: true, accepted: EVENTS + 1, live: EVENTS, quarantined: 1 },
      })
    }
  }, 120_000)

  test('does not double what the store still holds, even after a kill', async () => {
    const oracle = leftBy('kill')
    flip(newestSegment(), sizeOf(newestSegment()) >> 1)
    const server = await ServerProcess.start(dataDir)
    expect(await totalsOf(client, server.url)).toEqual(totalsByDay(oracle.events()))
    expect(await repeat(oracle, server.url)).toBe(0)
    expect(await totalsOf(client, server.url)).toEqual(totalsByDay(oracle.events()))
    expect(await lawOf(client, server.url)).toMatchObject({
      store: { balanced: true, accepted: EVENTS, live: EVENTS, quarantined: 0 },
    })
    const found = await audited(server.url)
    expect(found).toMatchObject({ ok: false, journal: { damaged_lines: 1, held_by_store: 1, lost: [] } })
    // Days agree all the same: what the journal has lost and the store holds is no difference.
    expect(found.differences).toHaveLength(1)
  }, 120_000)
})

describe('the end of the journal', () => {
  test('torn in the middle of a line that was not acknowledged: nothing is lost, and everything is compared', async () => {
    const oracle = leftBy('kill')
    const bytes = readFileSync(newestSegment())
    appendFileSync(newestSegment(), bytes.subarray(bytes.length - 300, bytes.length - 40))
    const server = await ServerProcess.start(dataDir)
    await expectExactly(client, server.url, oracle.events())
    const { json } = await client.call(`${server.url}/api/v1/invariants?audit=1`)
    expect(json).toMatchObject({ notes: [], days_compared: expect.any(Number), journal: { events: EVENTS } })
    expect((json as { days_compared: number }).days_compared).toBeGreaterThan(0)
    await oracle.sendNew(client, server.url, 10)
    await expectExactly(client, server.url, oracle.events())
  }, 120_000)

  test('cut off with acknowledged lines and the store gone too: what is sent again is taken again, once', async () => {
    const oracle = leftBy('kill')
    cut(newestSegment(), 1_500)
    deleteStore()
    const server = await ServerProcess.start(dataDir)
    const left = await requestsOf(client, server.url)
    expect(left).toBeLessThan(EVENTS)
    expect(left).toBeGreaterThan(EVENTS - 10)
    expect(await repeat(oracle, server.url)).toBe(EVENTS - left)
    expect(await repeat(oracle, server.url)).toBe(0)
    await expectExactly(client, server.url, oracle.events())
  }, 120_000)

  /** What is done to the newest segment after a kill, so that acknowledged lines at its end cannot be read. */
  const ENDS: { readonly [name: string]: (file: string) => void } = {
    ...(LONG ? { 'with its last line damaged': (file: string) => flip(file, sizeOf(file) - 30) } : {}),
    'with several lines cut off': (file) => cut(file, 3_000),
    emptied: (file) => writeFileSync(file, ''),
  }
  for (const [name, harm] of Object.entries(ENDS)) {
    test(`${name} while the store holds all of it: told as lost, answered and recognised all the same`, async () => {
      const oracle = leftBy('kill')
      harm(newestSegment())
      const server = await ServerProcess.start(dataDir)
      expect(await totalsOf(client, server.url)).toEqual(totalsByDay(oracle.events()))
      const { json } = await client.call(`${server.url}/api/v1/status`)
      const { quarantined_lines: lost } = (json as { journal: { quarantined_lines: number } }).journal
      expect(lost).toBeGreaterThan(0)
      expect(await repeat(oracle, server.url)).toBe(0)
      await oracle.sendNew(client, server.url, 10)
      expect(await requestsOf(client, server.url)).toBe(EVENTS + 10)
      expect(await lawOf(client, server.url)).toMatchObject({
        balanced: true,
        store: { live: EVENTS + 10, quarantined: 0 },
      })

      const whole = lost === EVENTS
      if (whole && !LONG) return
      const again = await restarted(server)
      expect(await totalsOf(client, again.url)).toEqual(totalsByDay(oracle.events()))
      expect(await repeat(oracle, again.url)).toBe(0)
      expect((await client.call(`${again.url}/api/v1/status`)).json).toMatchObject({
        journal: { quarantined_lines: lost },
      })
      if (!whole) {
        const found = await audited(again.url)
        expect(found.journal).toMatchObject({ damaged_lines: lost, held_by_store: lost, lost: [] })
        expect(found.differences).toHaveLength(1)
      }
    }, 120_000)
  }

  test('cut off in journal and store, known to the ids only: told as lost, and taken again', async () => {
    const oracle = leftBy('stop')
    cut(newestSegment(), 3_000)
    deleteStore()
    const server = await ServerProcess.start(dataDir)
    const left = await requestsOf(client, server.url)
    const lost = EVENTS - left
    expect(lost).toBeGreaterThan(1)
    expect(await lawOf(client, server.url)).toMatchObject({
      store: { balanced: true, accepted: EVENTS, live: left, quarantined: lost },
    })
    expect(await repeat(oracle, server.url)).toBe(lost)
    expect(await totalsOf(client, server.url)).toEqual(totalsByDay(oracle.events()))
    if (!LONG) return
    const again = await restarted(server)
    expect(await repeat(oracle, again.url)).toBe(0)
    expect(await totalsOf(client, again.url)).toEqual(totalsByDay(oracle.events()))
  }, 120_000)

  test('of another journal than the store’s: refused in one line that says what to do', async () => {
    leftBy('stop')
    const other = mkdtempSync(join(tmpdir(), 'damage-other-'))
    try {
      await storeEvents(other, EVENTS * 2, recentMs)
      rmSync(join(dataDir, 'journal'), { recursive: true })
      cpSync(join(other, 'journal'), join(dataDir, 'journal'), { recursive: true })
    } finally {
      rmSync(other, { recursive: true })
    }
    const { code, out, err } = await tallystick(['serve', '--port', '0', '--data', dataDir])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err.trim().split('\n'), err).toHaveLength(1)
    expect(err).toContain('another journal')
    expect(err).toContain('tallystick rebuild')
  }, 120_000)
})

describe('the files of event ids', () => {
  const dedupDir = (): string => join(dataDir, 'dedup')
  const files = (): string[] => readdirSync(dedupDir()).map((name) => join(dedupDir(), name))

  const each = (does: (file: string, at: number) => void) => (): void => {
    for (const [at, file] of files().entries()) does(file, at)
  }
  const change = (file: string): void => flip(file, sizeOf(file) >> 1)
  const halve = (file: string): void => cut(file, sizeOf(file) >> 1)
  const empty = (file: string): void => writeFileSync(file, '')
  const kinds = [change, halve, empty]
  const DAMAGES: { readonly [name: string]: () => void } = {
    deleted: () => rmSync(dedupDir(), { recursive: true }),
    'changed, cut or emptied, by turns': each((file, at) => kinds[at % kinds.length]?.(file)),
    ...(LONG
      ? {
          'each changed in the middle': each(change),
          'each cut in the middle': each(halve),
          'each emptied': each(empty),
        }
      : {}),
  }

  test('deleted, changed, cut or emptied: every event sent again is still recognised', async () => {
    const oracle = leftBy('stop')
    let server: ServerProcess | undefined
    for (const [name, damage] of Object.entries(DAMAGES)) {
      if (server) expect(await server.stop()).toBe(0)
      // One of each kind of damage.
      expect(files().length, name).toBeGreaterThanOrEqual(kinds.length)
      damage()
      server = await ServerProcess.start(dataDir)
      expect(await repeat(oracle, server.url), name).toBe(0)
      await oracle.sendNew(client, server.url, 50)
      expect(await repeat(oracle, server.url), name).toBe(0)
    }
    await expectExactly(client, (server as ServerProcess).url, oracle.events())
    expect(await server?.stop()).toBe(0)
  }, 120_000)
})

describe('two servers on one directory', () => {
  /** Everything below the directory, down to the times. */
  const everything = (): unknown[] =>
    readdirSync(dataDir, { recursive: true }).map((name) => {
      const { ino, size, mtimeMs } = statSync(join(dataDir, String(name)))
      return { name, ino, size, mtimeMs }
    })

  test('the second names the first, writes nothing and ends; after a kill of the first another starts at once', async () => {
    const { oracle, server } = await begin()
    // Whatever changes now was not changed by the first.
    server.child.kill('SIGSTOP')
    const before = everything()
    const { code, out, err } = await tallystick(['serve', '--port', '0', '--data', dataDir])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err.trim().split('\n'), err).toHaveLength(1)
    expect(err).toContain('journal_locked')
    expect(err).toContain(`process ${server.pid};`)
    expect(everything()).toEqual(before)
    server.child.kill('SIGCONT')

    await oracle.sendNew(client, server.url, 10)
    await server.kill()
    const next = await ServerProcess.start(dataDir)
    await expectExactly(client, next.url, oracle.events())
  }, 120_000)

  test('of several started at the same moment exactly one serves', async () => {
    const racers = Array.from({ length: thorough(2, 3) }, () => new ServerProcess(dataDir))
    const outcomes = await Promise.allSettled(racers.map((racer) => racer.ready))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const [at, { status }] of outcomes.entries()) {
      if (status === 'rejected') expect(racers[at]?.errors).toContain('journal_locked')
    }
  }, 120_000)
})

describe('SIGTERM in the middle of load', () => {
  test('ends with 0; what was under way is answered, what comes later refused, and nothing acknowledged is missing', async () => {
    const oracle = new Oracle(1, Date.now())
    const server = await ServerProcess.start(dataDir)
    const { url } = server
    const clients = Array.from({ length: 4 }, () => new HttpClient(2))
    const over = new AbortController()
    const loading = clients.map((each) => oracle.load(each, url, over.signal))
    await expect.poll(() => oracle.answered, { timeout: 20_000 }).toBeGreaterThan(20)

    const late = oracle.issue(3)
    const slow = new SlowRequest(`${url}/api/v1/events`, JSON.stringify(late.map((number) => oracle.event(number))))
    await slow.begun
    const exit = server.stop()
    await refusing(url)
    slow.finish()
    expect(await slow.answer).toMatchObject({ status: 200, json: { accepted: 3, rejected: [] } })
    for (const number of late) oracle.acked.add(number)

    expect(await exit).toBe(0)
    over.abort()
    await Promise.all(loading)
    for (const each of clients) each.close()
    expect(oracle.broken).toEqual([])
    expect(readdirSync(dataDir)).not.toContain('server.json')

    const next = await ServerProcess.start(dataDir)
    expect(await requestsOf(client, next.url)).toBeGreaterThanOrEqual(oracle.acked.size)
    await oracle.resend(client, next.url)
    expect(oracle.broken).toEqual([])
    await expectExactly(client, next.url, oracle.events())
  }, 120_000)

  test('a second one ends it at once, and nothing acknowledged is missing', async () => {
    const oracle = new Oracle(1, Date.now())
    const server = await ServerProcess.start(dataDir)
    await oracle.sendNew(client, server.url, 500)
    // Held open, this request keeps the first signal waiting.
    const slow = new SlowRequest(`${server.url}/api/v1/events`, JSON.stringify([oracle.event(0)]))
    await slow.begun
    const exit = server.stop()
    await refusing(server.url)
    server.child.kill('SIGTERM')
    await exit
    expect(server.child.signalCode).toBe('SIGTERM')
    await expect(slow.answer).rejects.toThrow()
    const next = await ServerProcess.start(dataDir)
    await expectExactly(client, next.url, oracle.events())
  }, 120_000)
})

describe('a journal that is removed under a running server', () => {
  test('acknowledges nothing more, and says why', async () => {
    const { oracle, server } = await begin()
    rmSync(join(dataDir, 'journal'), { recursive: true })
    const batch = oracle.issue(10)
    const events = batch.map((number) => oracle.event(number))
    // The first is refused for the file that is gone, the others since none can be begun in its place.
    for (let attempt = 0; attempt < 3; attempt++) {
      const answer = await client.post(`${server.url}/api/v1/events`, { events })
      expect(answer).toMatchObject({ status: 503, json: { code: 'journal_unavailable' } })
    }
    expect(await client.call(`${server.url}/readyz`)).toMatchObject({ status: 503 })
    expect(await requestsOf(client, server.url)).toBe(EVENTS)
  })
})
