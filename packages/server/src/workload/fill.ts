import type { Ingest } from '../ingest/ingest.ts'

/** Events in one delivery. */
const BATCH = 1_000
/** Several groups in flight keep the journal busy; more would only sit in memory. */
const IN_FLIGHT = 8

/** What became of them. */
export interface Filled {
  readonly accepted: number
  readonly duplicate: number
  readonly conflict: number
  readonly rejected: number
}

/**
 * Hands events to the pipeline as every door does, only without a socket: validated, deduplicated, priced and journaled, in bounded
 * memory. Resolves once all are durable; the store may still be applying them.
 *
 * @throws what a delivery is refused with as a whole, `disk_full` for one; what came before it stays
 */
export async function fillFrom(
  ingest: Pick<Ingest, 'submit'>,
  events: Iterable<unknown>,
  onProgress: (done: number) => void = () => undefined,
): Promise<Filled> {
  const sum = { accepted: 0, duplicate: 0, conflict: 0, rejected: 0 }
  const inFlight: Promise<void>[] = []
  let done = 0
  let items: unknown[] = []
  const submit = async (batch: readonly unknown[]): Promise<void> => {
    const answer = await ingest.submit({ items: batch, door: 'native' })
    sum.accepted += answer.accepted
    sum.duplicate += answer.duplicate
    sum.conflict += answer.conflict
    sum.rejected += answer.rejected.length
    done += batch.length
    onProgress(done)
  }
  const send = async (): Promise<void> => {
    const sending = submit(items)
    // Awaited in its turn; until then a refusal is not one that nobody hears of.
    sending.catch(() => undefined)
    inFlight.push(sending)
    items = []
    if (inFlight.length >= IN_FLIGHT) await inFlight.shift()
  }
  for (const item of events) {
    items.push(item)
    if (items.length === BATCH) await send()
  }
  if (items.length > 0) await send()
  for (const sending of inFlight) await sending
  return sum
}
