import { setImmediate as turn } from 'node:timers/promises'
import type { UsageEvent } from '@tallystick/core/event'
import { cellFolder, finishQuery, type Query, type QueryResult, queryPlan } from '@tallystick/core/query'
import { throwIfAborted } from '../abort.ts'
import { spreadFolder } from '../spread.ts'
import type { Spread, SpreadRequest } from '../store.ts'
import { documentsOf, readBlock } from './read-block.ts'
import type { Snapshot } from './snapshot.ts'

export interface AnswerOptions {
  /** Events before this instant have expired. */
  readonly floorMs: number
  readonly completeToMs: number
  /** Leave out what somebody else has written into the files. */
  readonly journaled: boolean
  readonly signal: AbortSignal | undefined
}

/** Folds the blocks of a query, one at a time, with a turn for others between two of them. */
export async function answerQuery(query: Query, snapshot: Snapshot, options: AnswerOptions): Promise<QueryResult> {
  const { floorMs, completeToMs } = options
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
  { floorMs, journaled, signal }: AnswerOptions,
  take: (event: UsageEvent) => void,
): Promise<void> {
  const fromMs = Math.max(range.fromMs, floorMs)
  const wanted = (timestampMs: number, _ordinal: number, own: boolean): boolean =>
    timestampMs >= fromMs && timestampMs < range.toMs && (own || !journaled)
  for (const { block, handle, fileNumber } of snapshot.blocks) {
    throwIfAborted(signal)
    const bytes = await readBlock(handle, block)
    if (bytes === undefined) continue
    for (const { stored } of documentsOf(bytes, block, fileNumber, wanted)) take(stored.event)
    await turn()
  }
  throwIfAborted(signal)
}
