import { encodeWireEvent, type UsageEvent } from '@tallystick/core/event'
import type { Ingest, IngestRequest } from '../ingest/ingest.ts'

/** Whom a request is of, as the pipeline is told of it. */
export type ProxyCaller = Pick<IngestRequest, 'principal'> & {
  readonly observed?: Exclude<IngestRequest['observed'], (index: number) => unknown>
}

/** What the proxy saw; members are missing that only a door gives. */
export type RecordedEvent = Partial<UsageEvent> & Pick<UsageEvent, 'kind'>

/** Takes the events of requests that went by. Never throws, never waits, and never keeps a request from going on. */
export interface ProxyRecorder {
  record(event: RecordedEvent, caller: ProxyCaller): void
  /** Resolves once everything taken so far has been kept or given up. */
  settled(): Promise<void>
  readonly counts: RecordingCounts
}

/** What became of the events of requests. `failed` and `dropped` went by without being counted. */
export interface RecordingCounts {
  readonly recorded: number
  /** Known already, e.g. from the application that sent the request. */
  readonly known: number
  readonly rejected: number
  /** The disk was full, or the server stopping. */
  readonly failed: number
  /** Too many waited. */
  readonly dropped: number
  /** Not decided yet. */
  readonly pending: number
}

const GATHER_MS = 200
const MAX_GATHERED = 500
const MAX_WAITING = 20_000
const MAX_MENDED = 8

interface Entry {
  readonly item: Record<string, unknown>
  readonly caller: ProxyCaller
  mended: number
}

export interface IngestRecorderOptions {
  readonly ingest: Pick<Ingest, 'submit'>
  readonly onError: (error: unknown) => void
  /** How long events wait for others, ms. */
  readonly gatherMs?: number | undefined
}

/** Events of requests that end at about the same time go into the pipeline together. */
export function createIngestRecorder({ ingest, onError, gatherMs = GATHER_MS }: IngestRecorderOptions): ProxyRecorder {
  const counts = { recorded: 0, known: 0, rejected: 0, failed: 0, dropped: 0 }
  const under = new Set<Promise<void>>()
  let waiting: Entry[] = []
  let submitted = 0
  let timer: NodeJS.Timeout | undefined

  const deliver = async (entries: readonly Entry[]): Promise<void> => {
    const again: Entry[] = []
    try {
      const { accepted, duplicate, conflict, rejected } = await ingest.submit({
        items: entries.map(({ item }) => item),
        door: 'proxy',
        observed: (index) => entries[index]?.caller.observed,
        ...(entries[0]?.caller.principal === undefined ? {} : { principal: entries[0].caller.principal }),
      })
      counts.recorded += accepted
      counts.known += duplicate + conflict
      for (const { index, field } of rejected) {
        const entry = entries[index] as Entry
        // What an upstream says of itself may be anything; the request was made all the same.
        if (field !== undefined && Object.hasOwn(entry.item, topOf(field)) && entry.mended < MAX_MENDED) {
          const { [topOf(field)]: _, ...item } = entry.item
          again.push({ ...entry, item, mended: entry.mended + 1 })
        } else counts.rejected++
      }
    } catch (error) {
      counts.failed += entries.length
      onError(error)
    } finally {
      submitted -= entries.length
    }
    for (const entry of again) send([entry])
  }
  const send = (entries: readonly Entry[]): void => {
    submitted += entries.length
    const sent = deliver(entries).finally(() => under.delete(sent))
    under.add(sent)
  }
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    const entries = waiting
    waiting = []
    for (let first = 0; first < entries.length; ) {
      let next = first + 1
      while (next < entries.length && isSame(entries[first] as Entry, entries[next] as Entry)) next++
      send(entries.slice(first, next))
      first = next
    }
  }

  return {
    get counts() {
      return { ...counts, pending: waiting.length + submitted }
    },
    record(event, caller) {
      if (waiting.length + submitted >= MAX_WAITING) {
        counts.dropped++
        return
      }
      waiting.push({ item: encodeWireEvent(event), caller, mended: 0 })
      if (waiting.length >= MAX_GATHERED) flush()
      else timer ??= setTimeout(flush, gatherMs)
    },
    async settled() {
      flush()
      while (under.size > 0) await Promise.all(under)
    },
  }
}

/** Of the same tenant and agent: one delivery is of one sender. */
function isSame({ caller: { principal: a } }: Entry, { caller: { principal: b } }: Entry): boolean {
  return a === b || (a?.tenantId === b?.tenantId && a?.agentId === b?.agentId)
}

/** `tags` of `tags.team`. */
const topOf = (field: string): string => field.split(/[.[]/, 1)[0] as string
