import { eventFromWire, type UsageEvent, wireJson } from '../event/index.ts'
import type { JournalEntry, JournalRecord } from '../journal/index.ts'

/**
 * What stands in the journal: `event` lines as the server's journal has them, and `meta` lines about a session (that it
 * began, that it ended, what a file of the old class said of it) or about the import of the directory's old files.
 */
export type LogRecord = { readonly event: UsageEvent } | { readonly session: SessionNote } | { readonly imported: true }

export interface SessionNote {
  readonly id: string
  readonly startedMs?: number
  readonly endedMs?: number
  /** Requests that the session's file counted. */
  readonly reportedRequests?: number
  /** By which the file is known again. */
  readonly key?: string
}

export function eventEntry(event: UsageEvent, nowMs: number): JournalEntry {
  return { type: 'event', body: `"r":${nowMs},"e":${wireJson(event)}` }
}

export function sessionEntry({ id, startedMs, endedMs, reportedRequests, key }: SessionNote): JournalEntry {
  const note = { id, started_ms: startedMs, ended_ms: endedMs, reported_requests: reportedRequests, key }
  return { type: 'meta', body: `"session":${JSON.stringify(note)}` }
}

export function importedEntry(nowMs: number): JournalEntry {
  return { type: 'meta', body: `"imported":{"at_ms":${nowMs}}` }
}

/** What a record says; undefined for one of a kind that this version does not know. */
export function logRecord({ type, body }: JournalRecord): LogRecord | undefined {
  if (type === 'event') {
    const event = eventFromWire(body['e'] as Readonly<Record<string, unknown>>)
    return event.kind === 'tool_invocation' ? { event } : undefined
  }
  if (body['imported'] !== undefined) return { imported: true }
  const note = body['session'] as Readonly<Record<string, unknown>> | undefined
  if (note === undefined) return undefined
  return {
    session: {
      id: note['id'] as string,
      ...part('startedMs', note['started_ms']),
      ...part('endedMs', note['ended_ms']),
      ...part('reportedRequests', note['reported_requests']),
      ...(typeof note['key'] === 'string' ? { key: note['key'] } : {}),
    },
  }
}

function part<Name extends string>(name: Name, value: unknown): { readonly [K in Name]?: number } {
  return typeof value === 'number' ? ({ [name]: value } as { readonly [K in Name]: number }) : {}
}
