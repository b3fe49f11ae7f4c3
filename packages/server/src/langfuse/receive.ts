import type { ErrorCode } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import type { IngestAnswer } from '../ingest/ingest.ts'
import type { HeldTrace } from '../state/generation.ts'
import type { Change, ControlState } from '../state/state.ts'
import type { Countable, Counter } from './counter.ts'
import { type GenerationFacts, isWhole, merged, sameFigures, type TraceFacts } from './facts.ts'
import { type Part, readPart } from './part.ts'
import { factsOf, generationRow, keysOf, removalOf, type Sender, traceFactsOf, traceRow } from './rows.ts'

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

export interface ReceiveOptions {
  readonly state: ControlState
  readonly counter: Counter
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

/** A trace that says the same again is written again after so long, so that it is remembered. */
const REPEATED_MS = 3_600_000

/** What a batch has said of one generation, with what was known of it before. */
interface Touched extends Countable {
  readonly key: string
  facts: GenerationFacts
  readonly held: boolean
  readonly envelopeIds: string[]
}

/** As `Generations.receive`. Everything up to the first wait happens at once, so two batches never see half of each other. */
export async function receive(
  batch: readonly unknown[],
  sender: Sender,
  { state, counter, clock, onError }: ReceiveOptions,
): Promise<readonly Outcome[]> {
  const parts = batch.map(readPart)
  const keyOf = keysOf(sender)
  const nowMs = clock.now()
  const told = tracesOf(parts, keyOf, state)
  const { touched, refused, others } = generationsOf(parts, keyOf, state, counter)
  const whole = touched.filter(({ facts }) => isWhole(facts))
  const changes: Change[] = [
    ...[...told]
      .filter(([key, facts]) => isNews(state.rows('traces').get(key), facts, nowMs))
      .map(([id, facts]): Change => ({ table: 'traces', id, row: traceRow(facts, sender, nowMs) })),
    ...touched
      .filter(({ facts }) => !isWhole(facts))
      .map(({ key: id, facts }): Change => ({ table: 'generations', id, row: generationRow(facts, sender, nowMs) })),
  ]
  const traceOf = ({ traceId }: GenerationFacts): TraceFacts | undefined => {
    if (traceId === undefined) return undefined
    const key = keyOf(traceId)
    return told.get(key) ?? traceFactsOf(state.rows('traces').get(key))
  }
  const [answer] = await Promise.all([
    whole.length === 0 ? undefined : counter.count(whole, traceOf, sender),
    // A trace that was no news may not be on disk yet: then there is nothing to write and something to wait for.
    changes.length === 0 && told.size === 0 ? undefined : state.write(changes),
    ...others,
  ])
  const removals = whole.filter(({ held }) => held).map(({ key }) => removalOf('generations', key))
  if (removals.length > 0) state.write(removals).catch(onError)
  if (answer !== undefined) refuse(answer, whole, refused, counter)
  return parts.map((part): Outcome => {
    const { envelopeId } = part
    if (part.kind !== 'refused') return refused.get(envelopeId) ?? { envelopeId, ok: true }
    return { envelopeId, ok: false, code: part.code, field: part.field, message: part.message }
  })
}

/** What is known of the traces of a batch, by key. */
function tracesOf(
  parts: readonly Part[],
  keyOf: (id: string) => string,
  state: ControlState,
): ReadonlyMap<string, TraceFacts> {
  const told = new Map<string, TraceFacts>()
  for (const part of parts) {
    if (part.kind !== 'trace' || Object.keys(part.facts).length === 0) continue
    const key = keyOf(part.id)
    told.set(key, merged(told.get(key) ?? traceFactsOf(state.rows('traces').get(key)), part.facts))
  }
  return told
}

/** Clients tell of a trace again with each of its parts: only what is new, or long ago, is worth writing. */
function isNews(row: HeldTrace | undefined, facts: TraceFacts, nowMs: number): boolean {
  if (row === undefined || nowMs - row.touchedMs > REPEATED_MS) return true
  return JSON.stringify(row.facts) !== JSON.stringify(facts)
}

interface Generations {
  readonly touched: readonly Touched[]
  readonly refused: Map<string, Outcome>
  /** What others are counting at this moment, and this batch tells of too. */
  readonly others: ReadonlySet<Promise<unknown> | undefined>
}

function generationsOf(
  parts: readonly Part[],
  keyOf: (id: string) => string,
  state: ControlState,
  counter: Counter,
): Generations {
  const touched = new Map<string, Touched>()
  const refused = new Map<string, Outcome>()
  const others = new Set<Promise<unknown> | undefined>()
  const told = parts.filter((part) => part.kind === 'generation').sort((a, b) => a.order - b.order)
  for (const { envelopeId, id, facts } of told) {
    const key = keyOf(id)
    const counted = counter.counted(key)
    if (counted !== undefined) {
      others.add(counter.settled(key))
      if (!sameFigures(counted, facts)) refused.set(envelopeId, tooLate(envelopeId))
      continue
    }
    const row = state.rows('generations').get(key)
    const one = touched.get(key) ?? { key, facts: factsOf(row), held: row !== undefined, envelopeIds: [] }
    one.facts = later(one.facts, facts)
    one.envelopeIds.push(envelopeId)
    touched.set(key, one)
  }
  return { touched: [...touched.values()], refused, others }
}

/** What a later part adds. The client's first word of a generation stands for a start that nobody tells. */
function later(before: GenerationFacts, after: GenerationFacts): GenerationFacts {
  const { saidMs } = before
  return { ...merged(before, after), ...(saidMs === undefined ? {} : { saidMs }) }
}

/** Whatever told of a generation that was refused, or is there with other content, is refused with it. */
function refuse(
  { results = [], rejected }: IngestAnswer,
  whole: readonly Touched[],
  refused: Map<string, Outcome>,
  counter: Counter,
): void {
  for (const { index, status } of results) {
    if (status !== 'conflict') continue
    for (const id of (whole[index] as Touched).envelopeIds) refused.set(id, tooLate(id))
  }
  for (const { index, code, field, message } of rejected) {
    const { key, envelopeIds } = whole[index] as Touched
    counter.forget(key)
    for (const envelopeId of envelopeIds)
      refused.set(envelopeId, { envelopeId, ok: false, code, message, ...(field === undefined ? {} : { field }) })
  }
}

function tooLate(envelopeId: string): Outcome {
  return {
    envelopeId,
    ok: false,
    code: 'conflict',
    message: 'The generation is counted already, with other figures, and those stand; send usage with its end.',
  }
}
