import { parentPort, workerData } from 'node:worker_threads'
import { attachWriter, type RecordableEvent, type WriterHandle } from '@tallystick/core'
import { fullEvents, PREPARED, seedEvents, without } from './record-events.ts'

/** One thread of `record-shared.bench.ts`: records prepared events as fast as it can. */
export interface WriterTask {
  /** Without one the thread posts its events as messages. */
  readonly handle?: WriterHandle
  readonly writer: number
  readonly events: number
  /** As other systems' events look, with 7 members, or what a gateway knows, with 25. */
  readonly shape: 'seed' | 'full'
  /** Whether events bear their number, so that each can be told from all others. */
  readonly numbered: boolean
  /** Two words: how many threads are ready, and whether they may start. */
  readonly control: SharedArrayBuffer
}

const { handle, writer, events, shape, numbered, control } = workerData as WriterTask
const ints = new Int32Array(control)
const record = handle === undefined ? post : recorderOf(handle)
// Ids would be known already the second time round.
const unnumbered: readonly RecordableEvent[] =
  shape === 'seed' ? seedEvents() : without<RecordableEvent>(fullEvents(), () => ['eventId'])
const prepared: { promptChars?: number }[] = unnumbered.map((event) => ({
  ...event,
  ...(numbered && { providerId: `writer-${writer}`, promptChars: 0 }),
}))

Atomics.add(ints, 0, 1)
Atomics.wait(ints, 1, 0)
for (let index = 0; index < events; index++) {
  const next = prepared[index & (PREPARED - 1)] as { promptChars?: number } & RecordableEvent
  if (numbered) next.promptChars = index
  // A full ring: the other side is behind. An application would go on; here every event is to arrive.
  while (!record(next)) Atomics.wait(ints, 1, 1, 1)
}

function recorderOf(handle: WriterHandle): (event: RecordableEvent) => boolean {
  const recorder = attachWriter(handle)
  return (event) => recorder.record(event)
}

function post(event: RecordableEvent): boolean {
  parentPort?.postMessage(event)
  return true
}
