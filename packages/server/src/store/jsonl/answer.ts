import { setImmediate as turn } from 'node:timers/promises'
import type { UsageEvent } from '@tallystick/core/event'
import { cellFolder, finishQuery, type Query, type QueryResult, queryPlan } from '@tallystick/core/query'
import { throwIfAborted } from '../abort.ts'
import { spreadFolder } from '../spread.ts'
import type { Spread, SpreadRequest } from '../store.ts'
import { type Floors, kindsMatterBefore } from './floors.ts'
import { documentsOf, readBlock } from './read-block.ts'
import type { Snapshot } from './snapshot.ts'

export interface AnswerOptions {
  readonly floors: Floors
  readonly completeToMs: number
  /** Leave out what somebody else has written into the files. */
  readonly journaled: boolean
  readonly signal: AbortSignal | undefined
}

/** Folds the blocks of a query, one at a time, with a turn for others between two of them. */
export async function answerQuery(query: Query, snapshot: Snapshot, options: AnswerOptions): Promise<QueryResult> {
  const { floors, completeToMs } = options
  const floorMs = Math.max(floors.floorMs, kindsMatterBefore(floors))
  const plan = queryPlan(query)
  const folder = cellFolder(query, plan)
  await readEvents(query, snapshot, options, (event) => folder.add(event))
  return finishQuery(query, plan, folder.cells, {
    completeToMs,
    answeredFrom: 'fold',
    ...(floorMs > query.fromMs ? { rawFromMs: floorMs } : {}),
  })
}

/** The same for order statistics. */
export async function answerSpread(
  request: SpreadRequest,
  snapshot: Snapshot,
  options: AnswerOptions,
): Promise<Spread | undefined> {
  const folder = spreadFolder(request)
  await readEvents(request, snapshot, options, (event) => folder.add(event))
  return folder.result()
}

async function readEvents(
  range: { readonly fromMs: number; readonly toMs: number },
  snapshot: Snapshot,
  { floors, journaled, signal }: AnswerOptions,
  take: (event: UsageEvent) => void,
): Promise<void> {
  const wanted = (timestampMs: number, _ordinal: number, own: boolean): boolean =>
    timestampMs >= range.fromMs && timestampMs < range.toMs && (own || !journaled)
  for (const { block, handle, fileNumber } of snapshot.blocks) {
    throwIfAborted(signal)
    const bytes = await readBlock(handle, block)
    if (bytes === undefined) continue
    for (const { stored } of documentsOf(bytes, block, fileNumber, floors, wanted)) take(stored.event)
    await turn()
  }
  throwIfAborted(signal)
}
