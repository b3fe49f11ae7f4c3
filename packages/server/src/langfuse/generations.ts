import type { ErrorCode } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import { identityText } from '../ingest/dedup/identity.ts'
import type { Ingest, IngestRequest, Observed } from '../ingest/ingest.ts'
import type { HeldGeneration, HeldTrace } from '../state/generation.ts'
import type { Change, ControlState } from '../state/state.ts'
import { generationItem } from './event.ts'
import { type GenerationFacts, hasEnded, hasFigures, isWhole, merged, sameFigures, type TraceFacts } from './facts.ts'
import { type Part, readPart } from './part.ts'

/** How long after its last part a generation is waited for that has ended or has figures, but not both. */
export const SETTLE_MS = 60_000
/** The same for one that has neither, and how long a trace is remembered. */
export const UNFINISHED_MS = 86_400_000
const TEND_MS = 5_000
/** Submitted at one time. */
const ROUND = 1_000

export interface GenerationsOptions {
  readonly state: ControlState
  readonly ingest: Pick<Ingest, 'submit'>
  readonly clock: Clock
  readonly onError: (error: unknown) => void
  /**
   * Generations of one tenant that are held, and as many traces; beyond it the tenant's oldest are counted as they are, at the next
   * look or after a thousand more. Default 20,000.
   */
  readonly maxHeld?: number
}

/** Who delivers, as for the pipeline. */
export interface Sender {
  readonly principal?: NonNullable<IngestRequest['principal']>
  readonly observed?: Observed
}

/** What became of one event of a batch. */
export type Outcome =
  | { readonly envelopeId: string; readonly ok: true }
  | {
      readonly envelopeId: string
      readonly ok: false
      readonly code: ErrorCode | 'conflict'
      readonly field?: string
      readonly message: string
    }

/**
 * What Langfuse's clients tell of generations, in parts: a create when a request begins, updates as it goes on, usage with the
 * last. Events never change, so each generation becomes one event when it is whole: when its model, its end and its figures
 * are known. Until then its parts are rows of the control state, so whatever was acknowledged is there after a crash.
 *
 * One that ended without figures, or has figures and no end, becomes an event {@link SETTLE_MS} after its last part; one of which
 * neither ever came, {@link UNFINISHED_MS} after it, as a request that failed as `unfinished`.
 *
 * What comes later is acknowledged where it has no other figures than those counted, and refused otherwise.
 */
export interface Generations {
  /**
   * Takes the events of a batch. Resolves when what is acknowledged is durable.
   *
   * @throws TallystickError as `Ingest.submit` and `ControlState.write`; the same batch sent again is then safe
   */
  receive(batch: readonly unknown[], sender: Sender): Promise<readonly Outcome[]>
  /** Counts what has been waited for long enough. Never rejects. */
  tend(): Promise<void>
  /** Tends now and then from now on. */
  start(): void
  /** Waits for what is under way; what is held is there at the next start. */
  close(): Promise<void>
}

/** What a batch has said of one generation. */
interface Touched {
  facts: GenerationFacts
  readonly held: boolean
  readonly envelopeIds: string[]
}

interface Counted {
  readonly key: string
  readonly facts: GenerationFacts
}

export function createGenerations(options: GenerationsOptions): Generations {
  const { state, ingest, clock, onError, maxHeld = 20_000 } = options
  const held = state.rows('generations')
  const traces = state.rows('traces')
  const startedMs = clock.now()
  /** What was counted lately, so that a late part is told from a new generation. The oldest go first. */
  const counted = new Map<string, GenerationFacts>()
  /** Those of them that are not durable yet. Whoever tells of one again must not be answered before it is. */
  const under = new Map<string, Promise<unknown>>()

  const count = async (
    generations: readonly Counted[],
    traceOf: (facts: GenerationFacts) => TraceFacts | undefined,
    { principal, observed }: Sender,
  ) => {
    const submitted = ingest.submit({
      items: generations.map(({ facts }) => generationItem(facts, traceOf(facts))),
      door: 'langfuse',
      wantResults: true,
      ...(principal === undefined ? {} : { principal }),
      ...(observed === undefined ? {} : { observed }),
    })
    for (const { key, facts } of generations) {
      counted.set(key, facts)
      under.set(key, submitted)
    }
    try {
      return await submitted
    } catch (error) {
      for (const { key } of generations) counted.delete(key)
      throw error
    } finally {
      for (const { key } of generations) under.delete(key)
      for (const key of counted.keys()) {
        if (counted.size <= maxHeld) break
        counted.delete(key)
      }
    }
  }

  const receive: Generations['receive'] = async (batch, sender) => {
    const keyOf = keysOf(sender)
    const nowMs = clock.now()
    const parts = batch.map(readPart)
    const changes: Change[] = []
    const told = new Map<string, TraceFacts>()
    for (const part of parts) {
      if (part.kind !== 'trace' || Object.keys(part.facts).length === 0) continue
      const key = keyOf(part.id)
      told.set(key, merged(told.get(key) ?? traceFactsOf(traces.get(key)), part.facts))
    }
    for (const [key, facts] of told)
      if (isNews(traces.get(key), facts, nowMs))
        changes.push({ table: 'traces', id: key, row: { ...tenantOf(sender), facts, touchedMs: nowMs } })

    const touched = new Map<string, Touched>()
    const refused = new Map<string, Outcome>()
    const others = new Set<Promise<unknown> | undefined>()
    for (const part of generationsOf(parts)) {
      const key = keyOf(part.id)
      const before = counted.get(key)
      if (before !== undefined) {
        others.add(under.get(key))
        if (!sameFigures(before, part.facts)) refused.set(part.envelopeId, tooLate(part.envelopeId))
        continue
      }
      const row = held.get(key)
      const entry = touched.get(key) ?? { facts: factsOf(row), held: row !== undefined, envelopeIds: [] }
      entry.facts = later(entry.facts, part.facts)
      entry.envelopeIds.push(part.envelopeId)
      touched.set(key, entry)
    }
    const whole: (Counted & Touched)[] = []
    for (const [key, entry] of touched) {
      if (isWhole(entry.facts)) whole.push({ key, ...entry })
      else changes.push({ table: 'generations', id: key, row: rowOf(entry.facts, sender, nowMs) })
    }
    const traceOf = ({ traceId }: GenerationFacts): TraceFacts | undefined => {
      if (traceId === undefined) return undefined
      const key = keyOf(traceId)
      return told.get(key) ?? traceFactsOf(traces.get(key))
    }
    const [answer] = await Promise.all([
      whole.length === 0 ? undefined : count(whole, traceOf, sender),
      // A trace that was no news may not be on disk yet: then there is nothing to write and something to wait for.
      changes.length === 0 && told.size === 0 ? undefined : state.write(changes),
      ...others,
    ])
    const removals = whole.filter((entry) => entry.held).map(({ key }) => removalOf('generations', key))
    if (removals.length > 0) state.write(removals).catch(onError)
    for (const { index, status } of answer?.results ?? []) {
      const entry = whole[index] as Counted & Touched
      if (status !== 'conflict' && status !== 'rejected') continue
      const refusal = answer?.rejected.find((item) => item.index === index)
      for (const id of entry.envelopeIds)
        refused.set(
          id,
          refusal === undefined
            ? tooLate(id)
            : { envelopeId: id, ok: false, code: refusal.code, message: refusal.message, ...fieldOf(refusal) },
        )
      if (status === 'rejected') counted.delete(entry.key)
    }
    if (held.size + traces.size > tendedSize + ROUND) void tend()
    return parts.map((part): Outcome => {
      const { envelopeId } = part
      if (part.kind === 'refused')
        return { envelopeId, ok: false, code: part.code, field: part.field, message: part.message }
      return refused.get(envelopeId) ?? { envelopeId, ok: true }
    })
  }

  const isDue = ({ touchedMs, facts }: HeldGeneration, nowMs: number): boolean =>
    hasEnded(facts) || hasFigures(facts)
      ? // A client that was cut off by a restart tries again for a while.
        nowMs >= Math.max(touchedMs, startedMs) + SETTLE_MS
      : nowMs >= touchedMs + UNFINISHED_MS

  let tendedSize = held.size + traces.size
  /** @returns whether there may be more to do */
  const round = async (): Promise<boolean> => {
    const nowMs = clock.now()
    const isOver = excess(held.values(), maxHeld, ({ owner }) => owner?.tenantId)
    const due: [string, HeldGeneration][] = []
    for (const entry of held) {
      if (due.length === ROUND) break
      if (isOver(entry[1]) || isDue(entry[1], nowMs)) due.push(entry)
    }
    for (const { sender, generations } of bySender(due.filter(([key, row]) => !counted.has(key) && counts(row)))) {
      const keyOf = keysOf(sender)
      await count(
        generations,
        ({ traceId }) => (traceId === undefined ? undefined : traceFactsOf(traces.get(keyOf(traceId)))),
        sender,
      )
    }
    const removals: Change[] = due.map(([key]) => removalOf('generations', key))
    const isOverTrace = excess(traces.values(), maxHeld, ({ tenantId }) => tenantId)
    for (const [key, row] of traces) {
      if (removals.length === 2 * ROUND) break
      if (isOverTrace(row) || nowMs >= row.touchedMs + UNFINISHED_MS) removals.push(removalOf('traces', key))
    }
    if (removals.length > 0) await state.write(removals)
    tendedSize = held.size + traces.size
    return due.length === ROUND || removals.length === 2 * ROUND
  }
  const rounds = async (): Promise<void> => {
    while (await round());
  }

  let tending: Promise<void> | undefined
  const tend = (): Promise<void> => {
    tending ??= rounds()
      .catch(onError)
      .finally(() => {
        tending = undefined
      })
    return tending
  }
  let timer: NodeJS.Timeout | undefined
  return {
    receive,
    tend,
    start() {
      timer ??= setInterval(() => void tend(), TEND_MS).unref()
    },
    async close() {
      clearInterval(timer)
      await tending
    },
  }
}

/** Asked of rows in their order, oldest first: is this one of those that a tenant has too many of? */
function excess<T>(
  rows: Iterable<T>,
  max: number,
  tenantIdOf: (row: T) => string | null | undefined,
): (row: T) => boolean {
  const over = new Map<string | null | undefined, number>()
  for (const row of rows) over.set(tenantIdOf(row), (over.get(tenantIdOf(row)) ?? -max) + 1)
  return (row) => {
    const left = over.get(tenantIdOf(row)) ?? 0
    over.set(tenantIdOf(row), left - 1)
    return left > 0
  }
}

const tenantOf = ({ principal }: Sender): { readonly tenantId?: string } =>
  typeof principal?.tenantId === 'string' ? { tenantId: principal.tenantId } : {}

/** Clients tell of a trace again with each of its parts: only what is new, or long ago, is worth writing. */
function isNews(row: HeldTrace | undefined, facts: TraceFacts, nowMs: number): boolean {
  return (
    row === undefined ||
    nowMs - row.touchedMs > UNFINISHED_MS / 24 ||
    JSON.stringify(row.facts) !== JSON.stringify(facts)
  )
}

/** The identity of a generation or a trace of this sender: of two that may not know of each other none is the other's. */
function keysOf({ principal }: Sender): (id: string) => string {
  const { tenantId, agentId } = principal ?? {}
  return (eventId) =>
    identityText({
      eventId,
      ...(typeof tenantId === 'string' ? { tenantId } : {}),
      ...(agentId === undefined ? {} : { agentId }),
    })
}

type GenerationPart = Extract<Part, { kind: 'generation' }>

function generationsOf(parts: readonly Part[]): readonly GenerationPart[] {
  return parts.filter((part) => part.kind === 'generation').sort((a, b) => a.order - b.order)
}

/** What a later part adds. The client's first word of a generation stands for a start that nobody tells. */
function later(before: GenerationFacts, after: GenerationFacts): GenerationFacts {
  const { saidMs } = before
  return { ...merged(before, after), ...(saidMs === undefined ? {} : { saidMs }) }
}

/** Is there anything in it to count? Not in an update of something of which no more is known than that. */
function counts({ facts }: HeldGeneration): boolean {
  return factsOf({ facts }).startMs !== undefined || hasEnded(facts) || hasFigures(facts)
}

function bySender(
  rows: readonly (readonly [string, HeldGeneration])[],
): readonly { readonly sender: Sender; readonly generations: readonly Counted[] }[] {
  const groups = new Map<string, { readonly sender: Sender; readonly generations: Counted[] }>()
  for (const [key, { owner, observed, facts }] of rows) {
    const name = JSON.stringify([owner, observed])
    const sender: Sender = {
      ...(owner === undefined ? {} : { principal: owner }),
      ...(observed === undefined ? {} : { observed }),
    }
    const group = groups.get(name) ?? { sender, generations: [] }
    group.generations.push({ key, facts })
    groups.set(name, group)
  }
  return [...groups.values()]
}

function rowOf(facts: GenerationFacts, { principal, observed }: Sender, touchedMs: number): HeldGeneration {
  return {
    ...(principal === undefined ? {} : { owner: principal }),
    ...(observed === undefined ? {} : { observed: { ...observed } }),
    facts: facts as HeldGeneration['facts'],
    touchedMs,
  }
}

const factsOf = (row: Pick<HeldGeneration, 'facts'> | undefined): GenerationFacts => row?.facts ?? {}
const traceFactsOf = (row: HeldTrace | undefined): TraceFacts | undefined => row?.facts
const removalOf = (table: 'generations' | 'traces', id: string): Change => ({ table, id, row: undefined })
const fieldOf = ({ field }: { readonly field?: string }): { readonly field?: string } =>
  field === undefined ? {} : { field }

function tooLate(envelopeId: string): Outcome {
  return {
    envelopeId,
    ok: false,
    code: 'conflict',
    message: 'The generation is counted already, with other figures, and those stand; send usage with its end.',
  }
}
