import { setImmediate as turn } from 'node:timers/promises'
import { cellFolder, finishQuery, type Query, type QueryResult, queryPlan } from '@tallystick/core/query'
import { throwIfAborted } from '../abort.ts'
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
  const { floorMs, completeToMs, journaled, signal } = options
  const plan = queryPlan(query)
  const folder = cellFolder(query, plan)
  const fromMs = Math.max(query.fromMs, floorMs)
  const wanted = (timestampMs: number, _ordinal: number, own: boolean): boolean =>
    timestampMs >= fromMs && timestampMs < query.toMs && (own || !journaled)
  for (const { block, handle, fileNumber } of snapshot.blocks) {
    throwIfAborted(signal)
    const bytes = await readBlock(handle, block)
    if (bytes === undefined) continue
    for (const { stored } of documentsOf(bytes, block, fileNumber, wanted)) folder.add(stored.event)
    await turn()
  }
  throwIfAborted(signal)
  return finishQuery(query, plan, folder.cells, {
    completeToMs,
    answeredFrom: 'fold',
    ...(floorMs > query.fromMs ? { rawFromMs: floorMs } : {}),
  })
}
