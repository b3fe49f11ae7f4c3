import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStore, storeUrlProblem } from './open-store.ts'
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

test.each([
  ['redis://user:secret@localhost', '"redis"; nearest: "memory", "duckdb"'],
  ['duckbd:x', 'nearest: "duckdb"'],
  ['data/tallystick.duckdb', 'memory: or duckdb:'],
  ['', 'memory: or duckdb:'],
  ['memory:?max=3', 'max_events'],
  ['memory:?max_events=0', 'integer from 1'],
  ['memory:data', 'no path'],
  ['duckdb:', 'needs the path'],
  ['duckdb::memory:', 'use memory:'],
])('%j is refused, and the message says what to write instead', async (url, hint) => {
  expect(storeUrlProblem(url)).toContain(hint)
  expect(storeUrlProblem(url)).not.toContain('secret')
  await expect(openStore(url)).rejects.toMatchObject({ code: 'invalid_config', message: expect.stringContaining(hint) })
})
