import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { TallystickError } from '@tallystick/core'
import { type Clock, type Random, systemRandom } from '@tallystick/core/event'
import type { Journal } from '@tallystick/core/journal'
import { type GroupBy, groupByOf, parseQuery } from '@tallystick/core/query'
import type { Ingest } from '../ingest/ingest.ts'
import type { Logger } from '../logger.ts'
import type { Actor, Audit } from '../state/audit-log.ts'
import type { DurableState } from '../state/open.ts'
import type { ControlState } from '../state/state.ts'
import type { UsageStore } from '../store/store.ts'
import type { Holds } from './holds.ts'
import { type Intent, readIntent, removeIntent, writeIntent } from './intent.ts'
import { maskOf, userLines } from './user-lines.ts'
import { type RenamedUser, renamer, userRows } from './user-rows.ts'

const USER = groupByOf('user_id') as GroupBy
const TENANT = groupByOf('tenant_id') as GroupBy
const EVERYTHING = parseQuery({ from: 0, to: 1, measures: ['events'] }, { nowMs: 0 })
/** So many rows are written at once: a write is one line. */
const ROWS_AT_ONCE = 500

export interface ErasureOptions {
  readonly dataDir: string
  readonly ingest: Pick<Ingest, 'erase' | 'markErased'>
  readonly store: Pick<UsageStore, 'query'>
  /** Absent with a memory store, which has nothing on disk. */
  readonly journal?: Journal
  readonly durable?: DurableState
  readonly state: ControlState
  /** File of the store; copies of it that were set aside as damaged lie beside it. */
  readonly storeFile?: string
  readonly holds: Holds
  readonly audit: () => Audit
  readonly clock: Clock
  readonly logger?: Logger
  readonly random?: Random
  /** Is a backup being read? Its files are those of before. */
  readonly backingUp?: () => boolean
  /** Told of each step before it begins; for tests, which stop there. */
  readonly onStep?: (step: ErasureStep) => void | Promise<void>
}

/** In this order. */
export const ERASURE_STEPS = ['intent', 'store', 'mark', 'journal', 'state', 'aside', 'done'] as const
export type ErasureStep = (typeof ERASURE_STEPS)[number]

/** Who is to be erased. */
export interface ErasedUser {
  readonly userId: string
  /** Absent: in every tenant. */
  readonly tenantId?: string
}

export interface ErasureProgress {
  readonly pseudonym: string
  readonly startedMs: number
  readonly step: ErasureStep
  /** Segments of the journal that have been looked at, while that is under way. */
  readonly done?: number
  readonly of?: number
}

export interface ErasureResult {
  readonly pseudonym: string
  /** Single events in the store. */
  readonly events: number
  /** Records of the journal, and segments of it that were written anew. */
  readonly records: number
  readonly segments: number
  /** Rows of the control state. */
  readonly rows: number
}

export interface Erasure {
  /** Single events and totals that name the user. */
  count(user: ErasedUser): Promise<number>
  /**
   * Takes a user out of everything that the data directory holds. Finished at the next start if the process ends before.
   *
   * @throws TallystickError `legal_hold`, `overloaded` while another one or a backup is under way
   */
  erase(user: ErasedUser, actor: Actor): Promise<ErasureResult>
  progress(): ErasureProgress | undefined
  /** Goes on with what an earlier process did not finish; undefined where there is nothing. */
  resume(): Promise<ErasureResult | undefined>
  /** Waits for what is under way. */
  close(): Promise<void>
}

export function createErasure(options: ErasureOptions): Erasure {
  const { clock, dataDir, durable, holds, ingest, journal, logger, state, store } = options
  let progress: ErasureProgress | undefined
  let running: Promise<unknown> = Promise.resolve()

  const count = async (
    { tenantId, userId }: ErasedUser,
    fromMs = 0,
    toMs = Number.MAX_SAFE_INTEGER,
  ): Promise<number> => {
    const filters = [
      { by: USER, values: [userId], negate: false },
      ...(tenantId === undefined ? [] : [{ by: TENANT, values: [tenantId], negate: false }]),
    ]
    const { rows } = await store.query({ ...EVERYTHING, fromMs, toMs, filters })
    return Number(rows[0]?.['events'] ?? 0)
  }

  const step = async (intent: Intent, name: ErasureStep): Promise<void> => {
    progress = { pseudonym: intent.pseudonym, startedMs: intent.startedMs, step: name }
    await options.onStep?.(name)
  }

  const run = async (intent: Intent): Promise<ErasureResult> => {
    const { pseudonym, tenantId, userId } = intent
    const user: RenamedUser = { pseudonym, userId, ...(tenantId === undefined ? {} : { tenantId }) }
    const rename = renamer(user)
    const actor: Actor = { name: rename(intent.actor) }
    await step(intent, 'store')
    const { events, segment, throughOrdinal } = await ingest.erase(user)
    let rewritten = { segments: 0, records: 0 }
    if (journal !== undefined && segment !== undefined) {
      await step(intent, 'mark')
      await ingest.markErased({ atMs: clock.now(), pseudonym, throughOrdinal }, segment)
      await step(intent, 'journal')
      rewritten = await journal.rewrite({
        through: segment,
        ...userLines({ ...user, throughOrdinal }),
        onProgress: (done, of) => {
          if (progress) progress = { ...progress, done, of }
        },
      })
    }
    await step(intent, 'state')
    const changes = userRows(state, user)
    for (let at = 0; at < changes.length; at += ROWS_AT_ONCE) await state.write(changes.slice(at, at + ROWS_AT_ONCE))
    const { segments, records } = rewritten
    const result = { pseudonym, events, records, segments, rows: changes.length }
    await state.write(
      options.audit().record(actor, 'user.erased', pseudonym, { events, records, rows: changes.length }),
    )
    await durable?.forgetPast(maskOf(userId))
    await step(intent, 'aside')
    await removeSetAside(options)
    await step(intent, 'done')
    if (journal !== undefined) await removeIntent(dataDir)
    return result
  }

  const alone = async <T>(task: () => Promise<T>): Promise<T> => {
    if (progress !== undefined)
      throw new TallystickError('overloaded', 'Another erasure is under way; ask again when it is done.')
    if (options.backingUp?.() === true)
      throw new TallystickError('overloaded', 'A backup is being read from this server; ask again when it is done.')
    const work = (async () => {
      try {
        return await task()
      } finally {
        progress = undefined
      }
    })()
    running = work.catch(() => undefined)
    return work
  }

  return {
    count,
    async erase(user, actor) {
      for (const hold of holds.all()) {
        if ((await count(user, hold.fromMs ?? 0, hold.toMs)) > 0) throw holds.refusal(hold)
      }
      return alone(async () => {
        const pseudonym = newPseudonym(options.random ?? systemRandom)
        const intent: Intent = { version: 1, ...user, pseudonym, startedMs: clock.now(), actor: actor.name }
        await step(intent, 'intent')
        const { name, ...rest } = actor
        const known = renamer({ ...user, pseudonym })
        await state.write(options.audit().record({ ...rest, name: known(name) }, 'user.erase', pseudonym))
        if (journal !== undefined) await writeIntent(dataDir, intent)
        return run(intent)
      })
    },
    progress: () => progress,
    async resume() {
      if (journal === undefined) return undefined
      const intent = await readIntent(dataDir)
      if (intent === undefined) return undefined
      logger?.info({ pseudonym: intent.pseudonym }, 'an erasure that was cut short is gone on with')
      return alone(() => run(intent))
    },
    close: async () => void (await running),
  }
}

/** 96 random bits: no user has had it. */
function newPseudonym(random: Random): string {
  return `erased-${Buffer.from(random.fill(new Uint8Array(12))).toString('hex')}`
}

/** Removes what nothing is read from any more: stores that were set aside as damaged, and what an old backup left. */
async function removeSetAside({ backingUp, dataDir, journal, storeFile }: ErasureOptions): Promise<void> {
  if (journal === undefined) return
  if (backingUp?.() !== true) await rm(join(dataDir, 'backup.tmp'), { recursive: true, force: true })
  if (storeFile === undefined) return
  const dir = dirname(storeFile)
  for (const name of await readdir(dir))
    if (name.startsWith(`${basename(storeFile)}.corrupt-`)) await rm(join(dir, name), { force: true })
}
