import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { locateStore, openStore, resetStore, storeUrlProblem } from './open-store.ts'
import { storedEvents } from './testing/conformance.ts'

test('a memory URL opens a memory store with as many events as it says', async () => {
  const store = await openStore('memory:?max_events=3')
  await store.append(storedEvents(10, 1))
  expect(store.capabilities.backendType).toBe('memory')
  expect((await store.stats()).events).toBe(3)
  await store.close()
})

test('a duckdb URL opens the file it names', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'tallystick-open-'))
  for (const url of [`duckdb:${dir}/a.duckdb`, `duckdb://${dir}/a.duckdb`]) {
    const store = await openStore(url, { duckdb: { maintainEveryMs: 0 } })
    expect(store.capabilities).toEqual({ backendType: 'duckdb', durable: true, cells: true })
    await store.append(storedEvents(5, 1))
    expect((await store.stats()).events).toBe(5)
    await store.close()
  }
  await rm(dir, { recursive: true, force: true })
})

test('a jsonl URL opens the file it names, with what it says of rotation', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'tallystick-open-'))
  for (const url of [`jsonl:${dir}/a.jsonl`, `jsonl://${dir}/a.jsonl?rotate_mb=1`]) {
    const store = await openStore(url)
    expect(store.capabilities).toEqual({ backendType: 'jsonl', durable: true, cells: false })
    await store.append(storedEvents(5, 1))
    expect((await store.stats()).events).toBe(5)
    await store.close()
  }
  await resetStore(`jsonl:${dir}/a.jsonl`)
  expect(await readdir(dir)).toEqual([])
  await rm(dir, { recursive: true, force: true })
})

test('a URL without a path means a file in the data directory', () => {
  expect(locateStore('duckdb:', 'd')).toBe(`duckdb:${join('d', 'tallystick.duckdb')}`)
  expect(locateStore('jsonl:?rotate_mb=5', 'd')).toBe(`jsonl:${join('d', 'analytics.jsonl')}?rotate_mb=5`)
  for (const url of ['memory:', 'memory:?max_events=3', 'jsonl:a.jsonl', 'redis://h', 'clickhouse://h/d'])
    expect(locateStore(url, 'd')).toBe(url)
})

test.each([
  ['reddis://user:secret@localhost', 'nearest: "redis"'],
  ['duckbd:x', 'nearest: "duckdb"'],
  ['data/tallystick.duckdb', 'memory: or jsonl: or duckdb:'],
  ['', 'memory: or jsonl: or duckdb:'],
  ['memory:?max=3', 'max_events'],
  ['memory:?max_events=0', 'integer from 1'],
  ['memory:data', 'no path'],
  ['jsonl:', 'needs the path'],
  ['jsonl:a.jsonl?rotate=3', 'rotate_mb'],
  ['jsonl:a.jsonl?rotate_mb=0', 'integer from 1'],
  ['duckdb:', 'needs the path'],
  ['duckdb::memory:', 'use memory:'],
  ['clickhouse:', 'needs a host'],
  ['clickhouse://user:secret@h/a-b', 'letters, digits and underscores'],
  ['clickhouse://user:secret@h/db?tls=yes', 'give 1 or 0'],
  ['clickhouses://user:secret@h/db?ttl=1', 'timeout_ms'],
])('%j is refused, and the message says what to write instead', async (url, hint) => {
  expect(storeUrlProblem(url)).toContain(hint)
  expect(storeUrlProblem(url)).not.toContain('secret')
  await expect(openStore(url)).rejects.toMatchObject({ code: 'invalid_config', message: expect.stringContaining(hint) })
})
