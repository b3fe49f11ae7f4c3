import { decodeWireEvent, type UsageEvent } from '@tallystick/core/event'
import type { Ingest, IngestAnswer, IngestRequest, RejectedItem } from '../../ingest/ingest.ts'
import type { StoredEvent, UsageStore } from '../../store/store.ts'

export interface FakeIngest extends Ingest {
  /** Every request handed in, in order. */
  readonly requests: IngestRequest[]
  /** When set, `submit` rejects with it. */
  failure: unknown
}

/** The door's side of the pipeline without its insides: real decoding, ids remembered in a set, events into the store. */
export function createFakeIngest(store: UsageStore, nowMs: () => number): FakeIngest {
  const seen = new Set<string>()
  const listeners = new Set<(events: readonly StoredEvent[]) => void>()
  let ordinal = 0
  let minted = 0
  const fake: FakeIngest = {
    requests: [],
    failure: undefined,
    async erase(request) {
      const { events } = await store.erase({ ...request, throughOrdinal: ordinal })
      return { events, throughOrdinal: ordinal }
    },
    markErased: async () => undefined,
    async submit(request) {
      fake.requests.push(request)
      if (fake.failure !== undefined) throw fake.failure
      const rejected: RejectedItem[] = []
      const stored: StoredEvent[] = []
      let duplicate = 0
      request.items.forEach((item, index) => {
        const decoded = (request.decode ?? decodeWireEvent)(item, {
          nowMs: nowMs(),
          mintId: () => `minted-${++minted}`,
        })
        if (!decoded.ok) {
          const { code, message, field, eventId } = decoded
          rejected.push({
            index,
            code,
            message,
            ...(field ? { field } : {}),
            ...(eventId ? { event_id: eventId } : {}),
          })
        } else if (seen.has(decoded.event.eventId)) duplicate++
        else {
          seen.add(decoded.event.eventId)
          stored.push({ ordinal: ++ordinal, receivedMs: nowMs(), event: priced(decoded.event) })
        }
      })
      await store.append(stored)
      for (const listener of listeners) listener(stored)
      const answer: IngestAnswer = {
        received: request.items.length,
        accepted: stored.length,
        duplicate,
        conflict: 0,
        conflicts: [],
        rejected,
      }
      return request.wantResults ? { ...answer, results: [] } : answer
    },
    onCleared: () => () => undefined,
    clear: () => store.clear(),
    reprice: ({ fromMs, toMs, events }) => store.reprice([{ ordinal: ++ordinal, fromMs, toMs, events }]),
    onAccepted(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    counts: () => {
      throw new Error('not needed here')
    },
    invariants: async () => ({ balanced: true }) as Awaited<ReturnType<Ingest['invariants']>>,
    gaps: () => ({ sources: 0, missing: 0, told: 0, untold: 0, reasons: {}, outstanding: 0, forgotten: 0, worst: [] }),
    conflicts: () => [],
    acceptedUpTo: () => undefined,
    progress: () => ({ appliedOrdinal: ordinal, targetOrdinal: ordinal, inFlight: 0 }),
    applied: async () => {},
    prune: async () => {},
    drain: async () => {},
    close: async () => {},
  }
  return fake
}

/** One nano-dollar a token, so that money shows in answers. */
function priced(event: UsageEvent): UsageEvent {
  return event.inputTokens === undefined ? event : { ...event, costNanoUsd: event.inputTokens, costBasis: 'catalogue' }
}
