import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeRoutiium } from '@tallystick/core/event'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ARBITRARY_FROM_MS } from '../../../../core/src/event/testing/arbitrary.ts'
import { thorough } from '../../../../core/src/testing/thorough.ts'
import type { UsageStore } from '../store.ts'
import { storedEvents } from '../testing/conformance.ts'
import { openJsonlStore } from './open.ts'

const DAY_MS = 86_400_000
const EVERYTHING = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, filters: [], limit: 10_000 }

const OWN = storedEvents(400, 31, (event, index) => ({ ...event, eventId: `own-${index + 1}` }))
const FOREIGN = storedEvents(100, 32, (event, index) => ({ ...event, eventId: `foreign-${index + 1}` }))

type Step =
  | { readonly does: 'feed' | 'replay' | 'add' | 'prune' | 'filter'; readonly n: number }
  | { readonly does: 'remove' | 'empty' | 'tear' | 'clear' | 'stop' | 'kill' }

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant('feed' as const), n: fc.integer({ min: 1, max: 25 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom('replay' as const, 'add' as const, 'prune' as const, 'filter' as const),
      n: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom('remove' as const, 'empty' as const, 'tear' as const, 'clear' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constantFrom('stop' as const, 'kill' as const) }) },
)

interface Line {
  readonly id: string
  readonly timestampMs: number
}

/** What anybody who knows what was done to the file expects to find in it. */
class Model {
  lines: Line[] = []
  fed = 0
  added = 0
  floorMs = 0

  visible(): string[] {
    return this.lines
      .filter(({ timestampMs }) => timestampMs >= this.floorMs)
      .map(({ id }) => id)
      .sort()
  }
}

test('whatever is done to the file, in whatever order, the store holds what the file shows, and nothing is unaccounted for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryStep, { minLength: 4, maxLength: 18 }), fc.boolean(), async (steps, small) => {
      const dir = mkdtempSync(join(tmpdir(), 'tallystick-jsonl-'))
      const path = join(dir, 'analytics.jsonl')
      const open = (): Promise<UsageStore> => openJsonlStore({ path, compactBytes: small ? 1 : 1_000_000 })
      const model = new Model()
      let store = await open()
      try {
        for (const step of steps) {
          store = await take(step, model, store, path, open)
          await expectAgreement(model, store)
        }
      } finally {
        await store.close()
        rmSync(dir, { recursive: true })
      }
    }),
    { seed: 33, numRuns: thorough(25, 60) },
  )
}, 120_000)

async function take(
  step: Step,
  model: Model,
  store: UsageStore,
  path: string,
  open: () => Promise<UsageStore>,
): Promise<UsageStore> {
  const there = existsSync(path)
  switch (step.does) {
    case 'feed': {
      const events = OWN.slice(model.fed, model.fed + step.n)
      model.fed += events.length
      for (const { event } of events) model.lines.push({ id: event.eventId, timestampMs: event.timestampMs })
      await store.append(events)
      return store
    }
    case 'replay':
      await store.append(OWN.slice(Math.max(0, model.fed - 10 * step.n), model.fed))
      return store
    case 'add':
      for (const { event } of FOREIGN.slice(model.added, model.added + step.n)) {
        appendFileSync(path, `${JSON.stringify(encodeRoutiium(event))}\n`)
        model.lines.push({ id: event.eventId, timestampMs: event.timestampMs })
      }
      model.added += step.n
      return store
    case 'prune':
      model.floorMs = Math.max(model.floorMs, ARBITRARY_FROM_MS + step.n * DAY_MS)
      await store.prune({ eventsBeforeMs: model.floorMs })
      return store
    case 'filter': {
      if (!there) return store
      const stays = (id: string): boolean => Number(id.split('-')[1]) % (step.n + 1) !== 0
      const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
      const kept = lines.filter((line) => stays(JSON.parse(line).id))
      writeFileSync(`${path}.new`, kept.map((line) => `${line}\n`).join(''))
      renameSync(`${path}.new`, path)
      model.lines = model.lines.filter(({ id }) => stays(id))
      return store
    }
    case 'remove':
    case 'empty':
      if (there && step.does === 'remove') rmSync(path)
      if (there && step.does === 'empty') truncateSync(path)
      model.lines = []
      return store
    case 'clear':
      await store.clear()
      model.lines = []
      model.floorMs = 0
      return store
    case 'tear':
      // Only a process that has died leaves half a line.
      appendFileSync(path, '{"id":"half')
      return restart(store, path, open, true)
    default:
      return restart(store, path, open, step.does === 'kill')
  }
}

async function restart(
  store: UsageStore,
  path: string,
  open: () => Promise<UsageStore>,
  killed: boolean,
): Promise<UsageStore> {
  const sidecar = readFileSync(`${path}.idx`)
  await store.close()
  if (killed) writeFileSync(`${path}.idx`, sidecar)
  return open()
}

async function expectAgreement(model: Model, store: UsageStore): Promise<void> {
  const { events } = await store.scan(EVERYTHING)
  expect(events.map(({ event }) => event.eventId).sort()).toEqual(model.visible())
  const stats = await store.stats()
  const { foreign = 0, expired = 0, cleared = 0 } = stats
  expect(stats).toMatchObject({ events: events.length, appliedOrdinal: model.fed, malformed: 0 })
  expect(stats.events - foreign + expired + cleared).toBe(model.fed)
  expect(foreign).toBe(events.filter(({ event }) => event.eventId.startsWith('foreign')).length)
  expect(await store.audit?.()).toEqual({ differences: [] })
}
