import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { encodeRoutiium } from '@tallystick/core/event'
import { expect, test } from 'vitest'
import { isErased } from '../erased.ts'
import type { StoredEvent } from '../store.ts'
import { storedEvents } from '../testing/conformance.ts'
import { ALL, expectHolds, workbench } from './testing/workbench.ts'

const bench = workbench()

const USER = 'ädä "a"'
const named = (count: number, seed: number): StoredEvent[] =>
  storedEvents(count, seed, (event, index) => ({ ...event, userId: index % 4 === 0 ? USER : 'bob' }))

test('erasing reaches documents of others, lines that are none, leftovers, and every rotated file', async () => {
  const own = named(400, 41)
  const store = await bench.open({ rotateBytes: 100_000 })
  for (let at = 0; at < 400; at += 50) await store.append(own.slice(at, at + 50))
  const [stranger] = named(1, 42) as [StoredEvent]
  const document = JSON.stringify(encodeRoutiium({ ...stranger.event, eventId: 'foreign' }))
  // Written by somebody who escapes what is not ASCII, and one that broke off.
  const escaped = document.replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  appendFileSync(bench.path, `${escaped}\n{"user_id":${JSON.stringify(USER)},\n`)
  writeFileSync(`${bench.path}.tmp`, document)
  const files = (): string[] => readdirSync(dirname(bench.path)).map((name) => join(dirname(bench.path), name))
  expect(files().length).toBeGreaterThan(3)
  const before = await store.stats()
  const request = { userId: USER, pseudonym: 'erased-1', throughOrdinal: 300 }
  expect(await store.erase(request)).toEqual({ events: 76 })
  const all = { ...request, throughOrdinal: 400 }
  expect(await store.erase(all)).toEqual({ events: 25 })
  for (const path of files())
    for (const form of [USER, JSON.stringify(USER).slice(1, -1), '\\u00e4d\\u00e4'])
      expect([path, readFileSync(path, 'utf8').includes(form)]).toEqual([path, false])
  const renamed = own.map((stored) =>
    isErased(stored, all) ? { ...stored, event: { ...stored.event, userId: 'erased-1' } } : stored,
  )
  const page = await store.scan({ ...ALL, limit: 10_000 })
  const found = page.events.filter(({ ordinal }) => ordinal > 0)
  expect(found.sort((a, b) => a.ordinal - b.ordinal)).toEqual(renamed)
  const { bytes: _, ...counts } = await store.stats()
  expect(before).toMatchObject(counts)
  expect((await store.audit?.())?.differences).toEqual([])
  await store.close()
  await expectHolds(await bench.open(), page.events)
})
