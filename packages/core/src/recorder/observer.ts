import type { UsageEvent } from '../event/index.ts'
import type { Draft } from './read-event.ts'
import type { EventDefaults } from './recordable.ts'
import type { SeriesRow } from './tally.ts'

type Member =
  | 'provider'
  | 'requestModel'
  | 'operation'
  | 'success'
  | 'errorType'
  | 'errorCode'
  | 'inputTokens'
  | 'cacheReadTokens'
  | 'cacheWriteTokens'
  | 'cacheWrite1hTokens'
  | 'outputTokens'
  | 'reasoningTokens'
  | 'costNanoUsd'
  | 'costReportedNanoUsd'
  | 'cacheSavingsNanoUsd'
  | 'durationMs'
  | 'ttfbMs'
  | 'cacheTier'
  | 'cacheHit'
  | 'traceId'

/** What is counted of a request: an event, or as much of one. */
export type ObservedRequest = Pick<UsageEvent, 'kind' | 'timestampMs'> & {
  readonly [Name in Member]?: UsageEvent[Name] | undefined
}

/** Who is told of all requests that a recorder counts, each once, those included that the buffer has no room for. */
export interface RecordingObserver {
  request(request: ObservedRequest): void
  /** Requests of another thread that were counted there and whose events will not come. */
  totals(row: SeriesRow): void
}

/** The observers of a recorder. What they throw must not be felt by recording. */
export class Observers {
  /** How many there are: what recording looks at. */
  count = 0
  readonly #all = new Set<RecordingObserver>()

  add(observer: RecordingObserver): () => void {
    this.#all.add(observer)
    this.count = this.#all.size
    return () => {
      this.#all.delete(observer)
      this.count = this.#all.size
    }
  }

  request(draft: Draft, defaults: EventDefaults | undefined): void {
    const request = requestOf(draft, defaults)
    this.#tell((observer) => observer.request(request))
  }

  totals(row: SeriesRow): void {
    this.#tell((observer) => observer.totals(row))
  }

  #tell(what: (observer: RecordingObserver) => void): void {
    for (const observer of this.#all) {
      try {
        what(observer)
      } catch {}
    }
  }
}

/** Not the event itself: to make one takes ten times as long as to record it. */
function requestOf(draft: Draft, defaults: EventDefaults | undefined): ObservedRequest {
  const { layout, values, costNanoUsd } = draft
  const { places } = layout
  const at = <T>(place: number): T | undefined => (place < 0 ? undefined : (values[place] as T))
  return {
    kind: layout.kind,
    timestampMs: draft.timestampMs,
    provider: draft.provider === '' ? undefined : draft.provider,
    requestModel: draft.model,
    operation: at(places.operation) ?? defaults?.operation,
    success: !draft.failed,
    errorType: at(places.errorType),
    errorCode: at(places.errorCode),
    inputTokens: at(places.inputTokens),
    cacheReadTokens: at(places.cacheReadTokens),
    cacheWriteTokens: at(places.cacheWriteTokens),
    cacheWrite1hTokens: at(places.cacheWrite1hTokens),
    outputTokens: at(places.outputTokens),
    reasoningTokens: at(places.reasoningTokens),
    costNanoUsd: costNanoUsd < 0 ? undefined : costNanoUsd,
    cacheSavingsNanoUsd: at(places.cacheSavingsNanoUsd),
    durationMs: at(places.durationMs),
    ttfbMs: at(places.ttfbMs),
    cacheTier: at(places.cacheTier),
    cacheHit: at(places.cacheHit),
    traceId: at(places.traceId),
  }
}
