import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, UsageEvent } from '@tallystick/core/event'
import { encodeRoutiium, eventFromRoutiium } from '@tallystick/core/event'
import { fold } from '@tallystick/core/query'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS } from '../../../../core/src/event/testing/arbitrary.ts'
import type { ScanCursor, StoredEvent, StoreStats, UsageStore } from '../store.ts'
import { describeStore, storedEvents, totals } from '../testing/conformance.ts'
import { type JsonlStoreOptions, openJsonlStore } from './open.ts'
import { resetJsonlStore } from './reset.ts'
import { decodeRecord, encodeRecord, type SidecarRecord } from './sidecar-record.ts'

describeStore('jsonl', {
  open: async (dir, clock) => openJsonlStore({ path: join(dir, 'logs/analytics.jsonl'), clock }),
  differences: async (store) => (await store.audit?.())?.differences ?? [],
})

describeStore('jsonl, rotated', {
  open: async (dir, clock) =>
    openJsonlStore({ path: join(dir, 'analytics.jsonl'), clock, rotateBytes: 100_000, compactBytes: 1 }),
  differences: async (store) => (await store.audit?.())?.differences ?? [],
})

const DAY_MS = 86_400_000
const ALL = { fromMs: 0, toMs: ARBITRARY_TO_MS + 30 * DAY_MS, filters: [], limit: 10_000, ascending: true }

let dir: string
let path: string
let now: number
const clock: Clock = { now: () => now, monotonic: () => 0 }
const opened: UsageStore[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tallystick-jsonl-'))
  path = join(dir, 'analytics.jsonl')
  now = ARBITRARY_FROM_MS
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  rmSync(dir, { recursive: true })
})

async function open(options: Partial<JsonlStoreOptions> = {}): Promise<UsageStore> {
  const store = await openJsonlStore({ path, clock, ...options })
  opened.push(store)
  return store
}

/** Opens what a process that was killed leaves behind: nothing of what closing would have added. */
async function openKilled(options: Partial<JsonlStoreOptions> = {}): Promise<UsageStore> {
  await kill()
  return open(options)
}

async function kill(): Promise<void> {
  const sidecar = `${path}.idx`
  const left = existsSync(sidecar) ? readFileSync(sidecar) : undefined
  await opened.pop()?.close()
  if (left) writeFileSync(sidecar, left)
  else rmSync(sidecar, { force: true })
}

const lines = (file = path): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1)
const lineOf = (event: UsageEvent): string => `${JSON.stringify(encodeRoutiium(event))}\n`

async function eventsOf(store: UsageStore): Promise<readonly UsageEvent[]> {
  return (await store.scan(ALL)).events.map(({ event }) => event)
}

async function expectHolds(store: UsageStore, events: readonly StoredEvent[]): Promise<void> {
  const order = (a: StoredEvent, b: StoredEvent): number =>
    a.event.timestampMs - b.event.timestampMs || a.ordinal - b.ordinal
  expect((await store.scan(ALL)).events).toEqual([...events].sort(order))
  const plain = events.map(({ event }) => event)
  for (const query of [totals(), totals(['model'])])
    expect((await store.query(query)).rows).toEqual(fold(query, plain).rows)
  expect((await store.stats()).events).toBe(events.length)
  expect(await store.audit?.()).toEqual({ differences: [] })
}

/** Everything that was ever applied is accounted for. */
function expectBalanced({ events, foreign = 0, expired = 0, cleared = 0 }: StoreStats, accepted: number): void {
  expect(events - foreign + expired + cleared).toBe(accepted)
}

/** As the first description of the format has it: no token usage, no cost, whole seconds. */
const SEED_LINES = [0, 1, 2].map((n) => ({
  id: `550e8400-e29b-41d4-a716-44665544000${n}`,
  timestamp: ARBITRARY_FROM_MS / 1000 + n,
  request: {
    endpoint: '/v1/chat/completions',
    method: 'POST',
    model: 'gpt-4o',
    stream: false,
    size_bytes: 256,
    message_count: 3,
    input_tokens: 42,
    user_agent: 'curl/8.5.0',
    client_ip: '192.0.2.7',
  },
  response: { status_code: 200, size_bytes: 512, output_tokens: 128, success: true, error_message: null },
  performance: { duration_ms: 1247, ttfb_ms: null, upstream_duration_ms: 1200 },
  auth: { authenticated: true, api_key_id: 'key_1', api_key_label: 'production', auth_method: 'bearer' },
  routing: {
    backend: 'openai',
    upstream_mode: 'chat',
    mcp_enabled: false,
    mcp_servers: [],
    system_prompt_applied: true,
  },
}))
const seedText = SEED_LINES.map((document) => `${JSON.stringify(document)}\n`).join('')

describe('the file', () => {
  test('holds one document a line, each of which reads as the event that went in', async () => {
    const events = storedEvents(50, 1)
    const store = await open()
    await store.append(events)
    expect(lines().map((line) => eventFromRoutiium(JSON.parse(line)))).toEqual(events.map(({ event }) => event))
    expect(lines().map((line) => JSON.parse(line).stored.ordinal)).toEqual(events.map(({ ordinal }) => ordinal))
  })

  test('and its directories are made when there are none, and made anew when they are removed', async () => {
    path = join(dir, 'var/log/analytics.jsonl')
    const events = storedEvents(6, 2)
    const store = await open()
    await store.append(events.slice(0, 3))
    rmSync(join(dir, 'var'), { recursive: true })
    expect((await store.stats()).events).toBe(0)
    await store.append(events.slice(3))
    await expectHolds(store, events.slice(3))
  })

  test.skipIf(!hasJq())('can be read by jq between any two batches', async () => {
    const events = storedEvents(200, 3)
    const store = await open()
    for (let at = 0; at < events.length; at += 40) {
      await store.append(events.slice(at, at + 40))
      const out = execFileSync('jq', ['-c', '.id', path]).toString().trim().split('\n')
      expect(out.map((id) => JSON.parse(id))).toEqual(events.slice(0, at + 40).map(({ event }) => event.eventId))
    }
  })
})

describe('an existing file', () => {
  test('of the first description is read as it is, and grows by our lines', async () => {
    writeFileSync(path, seedText)
    const store = await open()
    const found = await eventsOf(store)
    expect(found.map(({ eventId }) => eventId)).toEqual(SEED_LINES.map(({ id }) => id))
    expect(found[0]).toMatchObject({ inputTokens: 42, outputTokens: 128, requestModel: 'gpt-4o', success: true })
    expect(found[0]?.costNanoUsd).toBeUndefined()
    expect(await store.stats()).toMatchObject({ events: 3, foreign: 3, malformed: 0, appliedOrdinal: 0, cleared: 0 })
    const events = storedEvents(10, 4)
    await store.append(events)
    expect(readFileSync(path, 'utf8').startsWith(seedText)).toBe(true)
    expect(await store.stats()).toMatchObject({ events: 13, foreign: 3, appliedOrdinal: 10, cleared: 0, expired: 0 })
    const own = await store.query(totals(), { journaled: true })
    expect(own.rows).toEqual(
      fold(
        totals(),
        events.map(({ event }) => event),
      ).rows,
    )
  })

  test('gives its events one by one, in either direction, over pages and restarts', async () => {
    writeFileSync(path, seedText + seedText)
    await (await open()).append(storedEvents(20, 5))
    const store = await openKilled()
    for (const ascending of [true, false]) {
      const whole = (await store.scan({ ...ALL, ascending })).events
      expect(whole).toHaveLength(26)
      expect(new Set(whole.map(({ ordinal }) => ordinal)).size).toBe(26)
      const paged: StoredEvent[] = []
      let after: ScanCursor | undefined
      do {
        const page = await store.scan({ ...ALL, ascending, limit: 1, ...(after ? { after } : {}) })
        paged.push(...page.events)
        after = page.next
      } while (after)
      expect(paged).toEqual(whole)
    }
  })

  test('is read leniently: what has the wrong type is unknown, what is no document is counted and left alone', async () => {
    const [good] = SEED_LINES
    const odd = { ...good, request: { ...good?.request, input_tokens: 'many', size_bytes: -3 }, performance: 7 }
    const text = [
      JSON.stringify(good),
      'not json',
      '[]',
      '',
      JSON.stringify(odd),
      '{"id":"x"}',
      '{"id":"y","timestamp":1.5}',
      'null',
    ]
    writeFileSync(path, `${text.join('\r\n')}\r\n`)
    const store = await open()
    expect(await store.stats()).toMatchObject({ events: 2, malformed: 5 })
    const [row] = (await store.query(totals([], ['requests', 'input_tokens', 'duration_ms_sum', 'duration_ms_p50'])))
      .rows
    expect(row).toEqual({ requests: 2, input_tokens: 42, duration_ms_sum: 1247, duration_ms_p50: expect.any(Number) })
    await store.append(storedEvents(1, 6))
    expect(readFileSync(path, 'utf8').startsWith(text.join('\r\n'))).toBe(true)
    expect(await (await openKilled()).stats()).toMatchObject({ events: 3, malformed: 5 })
  })

  test('that another program goes on writing is followed', async () => {
    const events = storedEvents(4, 7)
    const store = await open()
    await store.append(events.slice(0, 2))
    appendFileSync(path, seedText)
    expect(await store.stats()).toMatchObject({ events: 5, foreign: 3 })
    appendFileSync(path, seedText.slice(0, -20))
    expect(await store.stats()).toMatchObject({ events: 7, foreign: 5 })
    await store.append(events.slice(2))
    expect(await store.stats()).toMatchObject({ events: 9, foreign: 5, malformed: 0, cleared: 0 })
    for (const line of lines()) JSON.parse(line)
  })

  test('with lines of another installation does not make the store believe it has applied what is still to come', async () => {
    const store = await open()
    await store.append(storedEvents(3, 8))
    appendFileSync(
      path,
      lineOf(storedEvents(1, 9)[0]?.event as UsageEvent).replace(
        /\}\n$/,
        ',"stored":{"ordinal":900,"received_ms":1,"timestamp_ms":0}}\n',
      ),
    )
    const [foreign] = storedEvents(1, 10) as [StoredEvent]
    const elsewhere = join(dir, 'other.jsonl')
    const other = await openJsonlStore({ path: elsewhere, clock })
    await other.append([{ ...foreign, ordinal: 900 }])
    await other.close()
    appendFileSync(path, readFileSync(elsewhere))
    expect(await store.stats()).toMatchObject({ events: 5, foreign: 2, appliedOrdinal: 3 })
    const later = storedEvents(5, 8).slice(3)
    await store.append(later)
    expect(await (await openKilled()).stats()).toMatchObject({ events: 7, foreign: 2, appliedOrdinal: 5 })
  })
})

describe('removing the file', () => {
  test.each(['removed', 'emptied'])('%s while running clears the store, at once and for good', async (how) => {
    const events = storedEvents(30, 11)
    let store = await open()
    await store.append(events.slice(0, 20))
    if (how === 'removed') rmSync(path)
    else truncateSync(path)
    await expectHolds(store, [])
    expect(await store.stats()).toMatchObject({ appliedOrdinal: 20, cleared: 20, oldestMs: null })
    await store.append(events)
    await expectHolds(store, events.slice(20))
    store = await openKilled()
    await store.append(events)
    await expectHolds(store, events.slice(20))
    expectBalanced(await store.stats(), 30)
  })

  test.each(['after a stop', 'after a kill'])('%s clears the store, and nothing old comes back', async (ending) => {
    const events = storedEvents(30, 12)
    const first = await open()
    await first.append(events.slice(0, 20))
    if (ending === 'after a stop') await first.close()
    rmSync(path)
    const store = await openKilled()
    await store.append(events)
    await expectHolds(store, events.slice(20))
    expect(await store.stats()).toMatchObject({ appliedOrdinal: 30, cleared: 20 })
  })

  test('together with what lies beside it begins a new store; without that only costs a rescan', async () => {
    const events = storedEvents(30, 13)
    await (await open()).append(events)
    rmSync(`${path}.idx`)
    let store = await openKilled()
    await store.append(events)
    await expectHolds(store, events)
    expect(await store.stats()).toMatchObject({ appliedOrdinal: 30, cleared: 0 })
    rmSync(path)
    rmSync(`${path}.idx`)
    store = await openKilled()
    await expectHolds(store, [])
    await store.append(events)
    await expectHolds(store, events)
    expectBalanced(await store.stats(), 30)
  })

  test('in the middle of a query leaves that query with all it began with', async () => {
    const events = storedEvents(1_200, 14)
    const store = await open()
    await store.append(events)
    const answer = store.query(totals(['model']))
    // Once the file is open, its name no longer matters.
    await new Promise((resolve) => setImmediate(resolve))
    const [{ rows }] = await Promise.all([answer, store.stats().then(() => rmSync(path))])
    expect(rows).toEqual(
      fold(
        totals(['model']),
        events.map(({ event }) => event),
      ).rows,
    )
    expect((await store.query(totals())).rows[0]).toMatchObject({ requests: 0 })
  })

  test('what another file takes its place is read as it is', async () => {
    const events = storedEvents(40, 15)
    const store = await open()
    await store.append(events)
    const kept = lines().filter((_, index) => index % 3 === 0)
    writeFileSync(`${path}.new`, `${kept.join('\n')}\n`)
    renameSync(`${path}.new`, path)
    await expectHolds(
      store,
      events.filter((_, index) => index % 3 === 0),
    )
    expect(await store.stats()).toMatchObject({ cleared: 26, appliedOrdinal: 40 })
    renameSync(path, `${path}.1`)
    writeFileSync(path, seedText)
    expect(await store.stats()).toMatchObject({ events: 3, foreign: 3, cleared: 40, appliedOrdinal: 40 })
    renameSync(`${path}.1`, path)
    await expectHolds(
      store,
      events.filter((_, index) => index % 3 === 0),
    )
    expectBalanced(await store.stats(), 40)
  })
})

describe('damage', () => {
  test('a last line torn at any byte is cut or completed, and what is fed again is there once', async () => {
    const events = storedEvents(4, 16)
    const first = await open()
    await first.append(events.slice(0, 3))
    const whole = readFileSync(path)
    const before = readFileSync(`${path}.idx`)
    await first.append(events.slice(3))
    const after = readFileSync(path)
    await kill()
    // Its members, and every byte of what stands at its end.
    const step = (size: number): number => (size < after.length - 100 ? 17 : 1)
    for (let size = whole.length; size <= after.length; size += step(size)) {
      writeFileSync(path, after.subarray(0, size))
      writeFileSync(`${path}.idx`, before)
      const store = await openJsonlStore({ path, clock })
      for (const line of lines()) JSON.parse(line)
      expect(readFileSync(path).at(-1)).toBe(0x0a)
      await store.append(events)
      expect(await store.stats()).toMatchObject({ events: 4, malformed: 0, appliedOrdinal: 4, cleared: 0 })
      await store.close()
    }
    await expectHolds(await open(), events)
  }, 60_000)

  test('a sidecar with any byte changed or cut costs a rescan and nothing else', async () => {
    const events = storedEvents(12, 17)
    const first = await open()
    for (let at = 0; at < 12; at += 3) await first.append(events.slice(at, at + 3))
    await kill()
    const file = readFileSync(path)
    const sidecar = readFileSync(`${path}.idx`)
    for (let at = 0; at < sidecar.length; at += 37) {
      for (const cut of [false, true]) {
        const damaged = cut ? sidecar.subarray(0, at) : Buffer.from(sidecar)
        if (!cut) damaged.writeUInt8(sidecar.readUInt8(at) ^ 4, at)
        writeFileSync(path, file)
        writeFileSync(`${path}.idx`, damaged)
        const store = await openJsonlStore({ path, clock })
        await store.append(events)
        const stats = await store.stats()
        expect(stats).toMatchObject({ events: 12, appliedOrdinal: 12, malformed: 0 })
        expectBalanced(stats, 12)
        expect(await store.audit()).toEqual({ differences: [] })
        await store.close()
      }
    }
  }, 60_000)

  test('a changed byte of the file is one line at most, is counted, and is told by an audit while it runs', async () => {
    const events = storedEvents(20, 18)
    const store = await open()
    await store.append(events)
    const bytes = readFileSync(path)
    const middle = bytes.indexOf('\n', bytes.length >> 1) + 1
    bytes.writeUInt8(0x00, middle)
    // In place: the same inode, size and, for all that is known, instant.
    const stat = statSync(path)
    writeFileSync(path, bytes)
    expect(statSync(path).ino).toBe(stat.ino)
    expect(await store.stats()).toMatchObject({ events: 19, malformed: 1, cleared: 1 })
    await store.append(storedEvents(21, 18).slice(20))
    expect(await (await openKilled()).stats()).toMatchObject({
      events: 20,
      malformed: 1,
      appliedOrdinal: 21,
      cleared: 1,
    })
  })
})

describe('retention', () => {
  test('hides what has expired at once, before anything is dropped', async () => {
    const events = storedEvents(300, 19)
    const store = await open({ eventsTtlMs: 2 * DAY_MS })
    await store.append(events)
    now = ARBITRARY_FROM_MS + 5 * DAY_MS
    const floor = now - 2 * DAY_MS
    const kept = events.filter(({ event }) => event.timestampMs >= floor)
    const answer = await store.query(totals(['model']))
    expect(answer.rows).toEqual(
      fold(
        totals(['model']),
        kept.map(({ event }) => event),
      ).rows,
    )
    expect(answer.raw_from_ms).toBe(floor)
    expect((await store.scan(ALL)).events).toHaveLength(kept.length)
  })

  test('takes expired lines out of the file when they are most of it, and keeps what is no document', async () => {
    const events = storedEvents(400, 20)
    const store = await open({ compactBytes: 1 })
    await store.append(events)
    appendFileSync(path, 'what is this\n')
    const size = statSync(path).size
    const floor = ARBITRARY_FROM_MS + 5 * DAY_MS
    const kept = events.filter(({ event }) => event.timestampMs >= floor)
    const eventsDropped = 400 - kept.length
    expect(await store.prune({ eventsBeforeMs: floor })).toEqual({ eventsDropped })
    expect(statSync(path).size).toBeLessThan(size / 2)
    expect(lines()).toHaveLength(kept.length + 1)
    await expectHolds(store, kept)
    expect(await store.stats()).toMatchObject({ expired: eventsDropped, cleared: 0, malformed: 1, appliedOrdinal: 400 })
    // What comes too late is expired as it comes.
    const late = { ...(events[0] as StoredEvent), ordinal: 401 }
    const old = { ...late, event: { ...late.event, timestampMs: floor - 1 } }
    await store.append([old])
    await expectHolds(store, kept)
    const again = await openKilled({ compactBytes: 1 })
    await expectHolds(again, kept)
    expectBalanced(await again.stats(), 401)
  })

  test('leaves a file alone in which little has expired', async () => {
    const events = storedEvents(200, 21)
    const store = await open()
    await store.append(events)
    const { ino } = statSync(path)
    await store.prune({ eventsBeforeMs: ARBITRARY_FROM_MS + DAY_MS })
    expect(statSync(path).ino).toBe(ino)
    expect(lines()).toHaveLength(200)
    rmSync(path)
    expectBalanced(await store.stats(), 200)
  })
})

describe('rotation', () => {
  const rotated = (): string[] => readdirSync(dir).filter((name) => /^analytics\.\d{6}\.jsonl$/.test(name))

  test('gives full files a name of their own; all of them are the store', async () => {
    const events = storedEvents(400, 22)
    const store = await open({ rotateBytes: 100_000 })
    for (let at = 0; at < 400; at += 25) await store.append(events.slice(at, at + 25))
    expect(rotated().length).toBeGreaterThan(2)
    for (const name of rotated()) expect(statSync(join(dir, name)).size).toBeLessThanOrEqual(100_000)
    const all = [...rotated().sort(), 'analytics.jsonl'].flatMap((name) => lines(join(dir, name)))
    expect(all.map((line) => JSON.parse(line).stored.ordinal)).toEqual(events.map(({ ordinal }) => ordinal))
    await expectHolds(store, events)
    rmSync(`${path}.idx`)
    await expectHolds(await openKilled({ rotateBytes: 100_000 }), events)
  })

  test('survives a kill between the new name and what is remembered of it', async () => {
    const events = storedEvents(40, 23)
    await (await open()).append(events)
    renameSync(path, join(dir, 'analytics.000001.jsonl'))
    const store = await openKilled()
    await expectHolds(store, events)
    expect(await store.stats()).toMatchObject({ appliedOrdinal: 40, cleared: 0 })
    await store.append(storedEvents(50, 23))
    await expectHolds(store, storedEvents(50, 23))
    expect(lines()).toHaveLength(10)
  })

  test('whole files go when their newest event has expired, or when somebody removes one', async () => {
    const events = storedEvents(400, 24)
      .sort((a, b) => a.event.timestampMs - b.event.timestampMs)
      .map((stored, index) => ({ ...stored, ordinal: index + 1 }))
    const store = await open({ rotateBytes: 100_000 })
    for (let at = 0; at < 400; at += 25) await store.append(events.slice(at, at + 25))
    const before = rotated().length
    const floor = ARBITRARY_FROM_MS + 4 * DAY_MS
    await store.prune({ eventsBeforeMs: floor })
    expect(rotated().length).toBeLessThan(before)
    const kept = events.filter(({ event }) => event.timestampMs >= floor)
    await expectHolds(store, kept)
    const [oldest] = rotated().sort() as [string]
    const gone = new Set(lines(join(dir, oldest)).map((line) => JSON.parse(line).stored.ordinal))
    rmSync(join(dir, oldest))
    await expectHolds(
      store,
      kept.filter(({ ordinal }) => !gone.has(ordinal)),
    )
    expectBalanced(await store.stats(), 400)
    await store.clear()
    expect(rotated()).toEqual([])
    expect(statSync(path).size).toBe(0)
    expect(await store.stats()).toMatchObject({ events: 0, cleared: 400, expired: 0 })
  })
})

test('one process at a time has the store open', async () => {
  await open()
  await expect(openJsonlStore({ path, clock })).rejects.toMatchObject({ code: 'journal_locked' })
  await opened.pop()?.close()
  await open()
})

test('a place that cannot hold a file is refused by name', async () => {
  writeFileSync(join(dir, 'file'), '')
  const below = join(dir, 'file/analytics.jsonl')
  await expect(openJsonlStore({ path: below, clock })).rejects.toMatchObject({
    code: 'data_dir_unusable',
    message: expect.stringContaining(below),
  })
})

describe('after a power cut', () => {
  /** The sidecar as it would stand there after another start of the machine. */
  const rebooted = (): void => {
    const records = readFileSync(`${path}.idx`, 'utf8').split('\n').slice(0, -1).map(decodeRecord)
    writeFileSync(
      `${path}.idx`,
      records.map((record) => encodeRecord({ ...(record as SidecarRecord), boot: 'before' })).join(''),
    )
  }

  test.each([
    ['what was not synced is missing', (bytes: Buffer, synced: number) => bytes.subarray(0, synced + 700)],
    ['it is zeros', (bytes: Buffer, synced: number) => Buffer.from(bytes).fill(0, synced + 100, synced + 5000)],
    ['all of it is there', (bytes: Buffer) => bytes],
  ])('%s: the journal feeds what is missing, once', async (_, left) => {
    const events = storedEvents(60, 27)
    await (await open()).append(events.slice(0, 20))
    await opened.pop()?.close()
    const synced = statSync(path).size
    const store = await open()
    for (let at = 20; at < 60; at += 8) await store.append(events.slice(at, at + 8))
    await kill()
    writeFileSync(path, left(readFileSync(path), synced))
    rebooted()
    const again = await open()
    for (const line of lines()) JSON.parse(line)
    await again.append(events)
    await expectHolds(again, events)
    expect(await again.stats()).toMatchObject({ appliedOrdinal: 60, cleared: 0, malformed: 0 })
  })

  test('a file that was removed before stays cleared', async () => {
    const events = storedEvents(20, 28)
    const store = await open()
    await store.append(events)
    rmSync(path)
    expect((await store.stats()).cleared).toBe(20)
    await kill()
    rebooted()
    const again = await open()
    await again.append(events)
    expect(await again.stats()).toMatchObject({ events: 0, cleared: 20, appliedOrdinal: 20 })
  })
})

test('a rebuild keeps what others wrote and takes out what the journal holds', async () => {
  writeFileSync(path, seedText)
  const events = storedEvents(20, 25)
  await (await open()).append(events)
  await kill()
  await resetJsonlStore(path)
  expect(readFileSync(path, 'utf8')).toBe(seedText)
  const store = await open()
  expect(await store.stats()).toMatchObject({ events: 3, foreign: 3, appliedOrdinal: 0 })
  await store.append(events)
  expect(await store.stats()).toMatchObject({ events: 23, foreign: 3, appliedOrdinal: 20, cleared: 0 })
})

test('a query that is cancelled while it reads ends with that', async () => {
  const store = await open()
  await store.append(storedEvents(1_200, 26))
  const controller = new AbortController()
  const answer = store.query(totals(['model']), { signal: controller.signal })
  setImmediate(() => controller.abort())
  await expect(answer).rejects.toMatchObject({ code: 'query_cancelled' })
})

test('after a close it refuses to answer', async () => {
  const store = await open()
  await store.close()
  await store.close()
  await expect(store.query(totals())).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(existsSync(path)).toBe(false)
})

function hasJq(): boolean {
  try {
    execFileSync('jq', ['--version'])
    return true
  } catch {
    return false
  }
}
