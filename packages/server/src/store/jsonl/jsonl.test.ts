import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventFromRoutiium } from '@tallystick/core/event'
import { describe, expect, test } from 'vitest'
import { describeStore, storedEvents, totals } from '../testing/conformance.ts'
import { openJsonlStore } from './open.ts'
import { expectHolds, workbench } from './testing/workbench.ts'

describeStore('jsonl, rotated', {
  open: async (dir, clock) =>
    openJsonlStore({ path: join(dir, 'analytics.jsonl'), clock, rotateBytes: 100_000, compactBytes: 1 }),
  differences: async (store) => (await store.audit?.())?.differences ?? [],
})

const bench = workbench()

describe('the file', () => {
  test('holds one document a line, each of which reads as the event that went in', async () => {
    const events = storedEvents(50, 1)
    const store = await bench.open()
    await store.append(events)
    expect(bench.lines().map((line) => eventFromRoutiium(JSON.parse(line)))).toEqual(events.map(({ event }) => event))
    expect(bench.lines().map((line) => JSON.parse(line).stored.ordinal)).toEqual(events.map(({ ordinal }) => ordinal))
  })

  test('and its directories are made when there are none, and made anew when they are removed', async () => {
    bench.path = join(bench.dir, 'var/log/analytics.jsonl')
    const events = storedEvents(6, 2)
    const store = await bench.open()
    await store.append(events.slice(0, 3))
    rmSync(join(bench.dir, 'var'), { recursive: true })
    expect((await store.stats()).events).toBe(0)
    await store.append(events.slice(3))
    await expectHolds(store, events.slice(3))
  })

  test.skipIf(!hasJq())('can be read by jq between any two batches', async () => {
    const events = storedEvents(200, 3)
    const store = await bench.open()
    for (let at = 0; at < events.length; at += 40) {
      await store.append(events.slice(at, at + 40))
      const out = execFileSync('jq', ['-c', '.id', bench.path]).toString().trim().split('\n')
      expect(out.map((id) => JSON.parse(id))).toEqual(events.slice(0, at + 40).map(({ event }) => event.eventId))
    }
  })
})

test('one process at a time has the store open', async () => {
  const store = await bench.open()
  await expect(openJsonlStore({ path: bench.path })).rejects.toMatchObject({ code: 'journal_locked' })
  symlinkSync(bench.path, join(bench.dir, 'linked.jsonl'))
  await store.append(storedEvents(1, 31))
  const linked = openJsonlStore({ path: join(bench.dir, 'linked.jsonl') })
  await expect(linked).rejects.toMatchObject({ code: 'journal_locked' })
  await store.close()
  await bench.open()
})

test('a place that cannot hold a file is refused by name', async () => {
  writeFileSync(join(bench.dir, 'file'), '')
  const below = join(bench.dir, 'file/analytics.jsonl')
  await expect(openJsonlStore({ path: below })).rejects.toMatchObject({
    code: 'data_dir_unusable',
    message: expect.stringContaining(below),
  })
})

test('a query that is cancelled while it reads ends with that', async () => {
  const store = await bench.open()
  await store.append(storedEvents(1_200, 26))
  const controller = new AbortController()
  const answer = store.query(totals(['model']), { signal: controller.signal })
  setImmediate(() => controller.abort())
  await expect(answer).rejects.toMatchObject({ code: 'query_cancelled' })
})

test('after a close it refuses to answer', async () => {
  const store = await bench.open()
  await store.close()
  await store.close()
  await expect(store.query(totals())).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(existsSync(bench.path)).toBe(false)
})

function hasJq(): boolean {
  try {
    execFileSync('jq', ['--version'])
    return true
  } catch {
    return false
  }
}
