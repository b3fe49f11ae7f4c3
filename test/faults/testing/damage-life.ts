import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { isTallystickError } from '@tallystick/core'
import { openTallystick, type StoredEvent, type Tallystick } from 'tallystick'
import { Prng } from '../../../packages/core/src/journal/testing/prng.ts'
import { verify } from '../../../packages/server/src/ingest/verify.ts'
import { cut, flip, sizeOf } from './files.ts'
import { knownEvent } from './known-event.ts'

const ROUNDS = 4
/** So short that a life has sealed segments, an active one, and some in between. */
const SEGMENT_BYTES = 12_000
const RECENT_MS = Date.UTC(2026, 10, 21, 12)

/** What a harm may have taken away beside the bytes it changed. */
interface Harm {
  readonly name: string
  /** The store no longer proves how far the journal had come. */
  readonly hides?: boolean
  /** False when there was nothing to harm. */
  apply(dir: string, earlier: string, prng: Prng): boolean
}

const journalFiles = (dir: string, pattern: RegExp): string[] =>
  readdirSync(join(dir, 'journal'))
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(dir, 'journal', name))

const SEGMENT = /^\d+\.jsonl(\.gz)?$/
const PLAIN = /^\d+\.jsonl$/
const STORE = 'tallystick.duckdb'

function removeStore(dir: string): void {
  for (const name of readdirSync(dir)) if (name.startsWith(STORE)) rmSync(join(dir, name))
}

/** Puts a file or folder back as it was some time earlier. */
function stale(dir: string, earlier: string, names: readonly string[]): boolean {
  const kept = names.filter((name) => existsSync(join(earlier, name)))
  if (kept.length === 0) return false
  for (const name of names) rmSync(join(dir, name), { recursive: true, force: true })
  for (const name of kept) cpSync(join(earlier, name), join(dir, name), { recursive: true })
  return true
}

const onFile = (files: readonly string[], prng: Prng, harm: (file: string, size: number) => void): boolean => {
  const file = files[prng.below(Math.max(1, files.length))]
  if (file === undefined || sizeOf(file) === 0) return false
  harm(file, sizeOf(file))
  return true
}

const HARMS: readonly Harm[] = [
  {
    name: 'a bit of any segment',
    apply: (dir, _, prng) =>
      onFile(journalFiles(dir, SEGMENT), prng, (file, size) => flip(file, prng.below(size), 1 << prng.below(8))),
  },
  {
    name: 'a bit of the newest segment',
    apply: (dir, _, prng) =>
      onFile(journalFiles(dir, PLAIN).slice(-1), prng, (file, size) => flip(file, prng.below(size))),
  },
  {
    name: 'a bit of a header',
    apply: (dir, _, prng) =>
      onFile(journalFiles(dir, SEGMENT), prng, (file, size) => flip(file, prng.below(Math.min(100, size)))),
  },
  {
    name: 'the end of the newest segment',
    apply: (dir, _, prng) =>
      onFile(journalFiles(dir, PLAIN).slice(-1), prng, (file, size) => cut(file, 1 + prng.below(size))),
  },
  {
    name: 'the end of a segment in the middle',
    apply: (dir, _, prng) =>
      onFile(journalFiles(dir, SEGMENT).slice(0, -1), prng, (file, size) => cut(file, 1 + prng.below(size))),
  },
  {
    name: 'a segment in the middle',
    apply: (dir, _, prng) => onFile(journalFiles(dir, SEGMENT).slice(1, -1), prng, (file) => rmSync(file)),
  },
  {
    name: 'the ids',
    apply: (dir) => {
      rmSync(join(dir, 'dedup'), { recursive: true, force: true })
      return true
    },
  },
  { name: 'stale ids', apply: (dir, earlier) => stale(dir, earlier, ['dedup']) },
  {
    name: 'a bit of the ids',
    apply: (dir, _, prng) => {
      if (!existsSync(join(dir, 'dedup'))) return false
      const files = readdirSync(join(dir, 'dedup')).map((name) => join(dir, 'dedup', name))
      return onFile(files, prng, (file, size) => flip(file, prng.below(size)))
    },
  },
  {
    name: 'the store',
    hides: true,
    apply: (dir) => {
      removeStore(dir)
      return true
    },
  },
  {
    name: 'a stale store',
    hides: true,
    apply: (dir, earlier) => stale(dir, earlier, [STORE, `${STORE}.wal`]),
  },
  {
    name: 'a store that is none',
    hides: true,
    apply: (dir) => {
      removeStore(dir)
      writeFileSync(join(dir, STORE), 'this is no database'.repeat(1_000))
      return true
    },
  },
]

/**
 * Lives of one data directory: events come in, the process ends (in order, or as after a kill), something is damaged, and the
 * next process opens it. Everything acknowledged must then be there once or be told as lost; and after all of it has been
 * sent again it must be there once. Gives what broke that, a sentence each.
 */
export async function damageLife(seed: number): Promise<readonly string[]> {
  const prng = new Prng(seed)
  const root = mkdtempSync(join(tmpdir(), 'damage-life-'))
  const broken: string[] = []
  let issued = 0
  let dir = join(root, '0')
  let earlier = join(root, 'none')
  let story = `seed ${seed}`
  let tallystick = await open(dir)
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      for (let batches = 1 + prng.below(4); batches > 0; batches--) {
        const size = 1 + prng.below(60)
        await send(tallystick, issued, issued + size)
        issued += size
      }
      const applied = prng.chance(0.8)
      if (applied) await tallystick.ingest.applied()
      const kill = prng.chance(0.5)
      const next = join(root, String(round))
      if (kill) cpSync(dir, next, { recursive: true })
      await tallystick.close()
      if (!kill) cpSync(dir, next, { recursive: true })
      rmSync(earlier, { recursive: true, force: true })
      earlier = dir
      dir = next
      const done: Harm[] = []
      for (let harms = prng.below(4); harms > 0; harms--) {
        const harm = HARMS[prng.below(HARMS.length)] as Harm
        if (harm.apply(dir, earlier, prng)) done.push(harm)
      }
      story += `; ${kill ? 'killed' : 'closed'}${done.map(({ name }) => `, ${name}`).join('')}`

      tallystick = await open(dir)
      await tallystick.ingest.applied()
      const before = await held(tallystick, story, broken)
      const missing = issued - before.size
      const { store: law, balanced } = await tallystick.ingest.invariants()
      if (!balanced) broken.push(`${story}: the law does not balance: ${JSON.stringify(law)}`)
      const found = await verify({ ...tallystick, journalDir: join(dir, 'journal') })
      const told = Math.max(law.quarantined, countOf(found.journal?.lost ?? []))
      // Killed before its end was noted anywhere else, or noted in the store only and that is gone: a journal may have been
      // longer than it is.
      const storeHarmed = done.some(({ hides }) => hides === true)
      const hidden = kill ? !applied || storeHarmed : storeHarmed && law.balanced === null
      if (missing > told && !hidden) broken.push(`${story}: ${missing} events are gone, ${told} are told as lost`)

      const accepted = await send(tallystick, 0, issued)
      if (accepted !== missing) broken.push(`${story}: ${missing} events were gone, ${accepted} were taken again`)
      await tallystick.ingest.applied()
      const after = await held(tallystick, story, broken)
      if (after.size !== issued) broken.push(`${story}: ${after.size} of ${issued} events are there after a resend`)
      if (!(await tallystick.ingest.invariants()).balanced) broken.push(`${story}: the law does not balance in the end`)
      if (broken.length > 0) break
    }
  } catch (error) {
    broken.push(`${story}: ${error instanceof Error ? error.stack : String(error)}`)
  } finally {
    await tallystick.close().catch(() => undefined)
    rmSync(root, { recursive: true })
  }
  return broken
}

function open(dataDir: string): Promise<Tallystick> {
  return openTallystick({
    dataDir,
    journal: { segmentBytes: SEGMENT_BYTES, commitDelayMs: 0 },
    duckdb: { thread: 'calling', maintainEveryMs: 0, memoryLimitMb: 64, threads: 1 },
  })
}

/** Sends the events with numbers from `first` to before `end`; gives how many were taken as new. */
async function send({ ingest }: Tallystick, first: number, end: number): Promise<number> {
  const items = Array.from({ length: end - first }, (_, at) => knownEvent(first + at, RECENT_MS))
  for (;;) {
    try {
      const { accepted, duplicate, conflict, rejected } = await ingest.submit({ items, door: 'native' })
      if (accepted + duplicate !== items.length) throw new Error(`conflicts ${conflict}, rejected ${rejected.length}`)
      return accepted
    } catch (error) {
      // A damaged file of ids is being made good.
      if (!isTallystickError(error) || error.code !== 'journal_unavailable') throw error
      await setTimeout(5)
    }
  }
}

/** The ids in the store; an id that stands there twice breaks the promise. */
async function held({ store }: Tallystick, story: string, broken: string[]): Promise<ReadonlySet<string>> {
  const all = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, filters: [], limit: 10_000, ascending: true }
  const { events } = await store.scan(all)
  const ids = new Set(events.map(({ event }: StoredEvent) => event.eventId))
  if (ids.size !== events.length) broken.push(`${story}: ${events.length - ids.size} events are there twice`)
  return ids
}

function countOf(ranges: readonly (readonly [number, number])[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
}
