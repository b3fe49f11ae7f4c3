import type { LogRecord } from './log-entries.ts'
import { isoInstant } from './named.ts'
import { Session } from './session.ts'
import type { SessionSummary } from './types.ts'

/** Of a directory with more sessions than this, the ones that were first heard of are left out. */
const MAX_SESSIONS = 10_000

interface Heard {
  readonly id: string
  startedMs: number
  lastEventMs: number | undefined
  endedMs: number | undefined
  requests: number
  reportedRequests: number | undefined
}

/** The sessions that the records tell of, the one that began last first. */
export async function listSessions(log: AsyncIterable<readonly LogRecord[]>): Promise<SessionSummary[]> {
  const sessions = new Map<string, Heard>()
  const heardOf = (id: string, ms: number): Heard => {
    const known = sessions.get(id)
    if (known !== undefined) return known
    if (sessions.size === MAX_SESSIONS) sessions.delete(sessions.keys().next().value as string)
    const session: Heard = {
      id,
      startedMs: ms,
      lastEventMs: undefined,
      endedMs: undefined,
      requests: 0,
      reportedRequests: undefined,
    }
    sessions.set(id, session)
    return session
  }
  for await (const records of log) {
    for (const record of records) {
      if ('event' in record) {
        const { sessionId, timestampMs } = record.event
        if (sessionId === undefined) continue
        const session = heardOf(sessionId, timestampMs)
        session.startedMs = Math.min(session.startedMs, timestampMs)
        session.lastEventMs = Math.max(session.lastEventMs ?? timestampMs, timestampMs)
        session.requests++
      } else if ('session' in record) {
        const { id, startedMs, endedMs, reportedRequests } = record.session
        const session = heardOf(id, startedMs ?? endedMs ?? 0)
        if (startedMs !== undefined) session.startedMs = Math.min(session.startedMs, startedMs)
        // One that begins again has not ended.
        session.endedMs = endedMs
        session.reportedRequests = reportedRequests ?? session.reportedRequests
      }
    }
  }
  return [...sessions.values()].sort((a, b) => b.startedMs - a.startedMs).map(summaryOf)
}

function summaryOf({ id, startedMs, lastEventMs, endedMs, requests, reportedRequests }: Heard): SessionSummary {
  return {
    session_id: id,
    started_at: isoInstant(startedMs),
    last_event_at: isoInstant(lastEventMs ?? startedMs),
    ended_at: endedMs === undefined ? null : isoInstant(endedMs),
    requests,
    reported_requests: reportedRequests ?? null,
  }
}

/** Adds to a session what the records tell of it; true if they tell anything. */
export async function fillSession(session: Session, log: AsyncIterable<readonly LogRecord[]>): Promise<boolean> {
  let heard = false
  const begins = (ms: number): void => {
    heard = true
    session.startedMs = Math.min(session.startedMs, ms)
  }
  for await (const records of log) {
    for (const record of records) {
      if ('event' in record && record.event.sessionId === session.id) {
        begins(record.event.timestampMs)
        session.add(record.event)
      } else if ('session' in record && record.session.id === session.id && record.session.startedMs !== undefined)
        begins(record.session.startedMs)
    }
  }
  return heard
}

/** A session of the records; undefined if they do not know it. */
export async function findSession(
  id: string,
  log: AsyncIterable<readonly LogRecord[]>,
  maxNames: number,
): Promise<Session | undefined> {
  const session = new Session(id, Number.POSITIVE_INFINITY, maxNames)
  return (await fillSession(session, log)) ? session : undefined
}
