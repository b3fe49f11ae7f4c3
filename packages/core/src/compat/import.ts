import { join } from 'node:path'
import { isTallystickError } from '../errors.ts'
import { type Clock, parseRfc3339, type Random, systemClock, systemRandom, type UsageEvent } from '../event/index.ts'
import { type JournalEntry, nodeFs } from '../journal/index.ts'
import { InvocationLog } from './invocation-log.ts'
import { eventEntry, importedEntry, sessionEntry } from './log-entries.ts'
import { isSessionId } from './options.ts'
import { readInvocation } from './read-invocation.ts'
import { isDirectory, type SeedFile, seedFiles } from './seed-files.ts'
import type { ImportResult } from './types.ts'

const MAX_PROBLEMS = 100
/** Begins the id of every event that came from a file. */
const ID_PREFIX = 'file-'

export interface ImportOptions {
  /** Where the events go: the `dataDir` of a `UsageAnalytics`; the imported directory itself unless given. */
  readonly dataDir?: string
  /** Events older than this many days are left out. */
  readonly retentionDays?: number
  readonly clock?: Clock
  readonly random?: Random
}

/**
 * Imports what the old class left in a directory: `events/*.json` and `sessions/*.json`. May be repeated: an event is known
 * by its file's name and content, so nothing is counted twice and only what is new is added. The files stay as they are;
 * those that cannot be read are counted and named. No `UsageAnalytics` may be recording into the target meanwhile; one that
 * does has a method of its own, `importFrom`.
 *
 * @throws TallystickError `journal_locked`, `data_dir_unusable`, `disk_full`, `file_unreadable` for a directory
 * @example
 * (await importUsageAnalytics('./data/analytics')).events // { files: 3, imported: 2, known: 0, refused: 1, expired: 0 }
 */
export async function importUsageAnalytics(dir: string, options: ImportOptions = {}): Promise<ImportResult> {
  const { dataDir = dir, retentionDays, clock = systemClock, random = systemRandom } = options
  const retentionMs = retentionDays === undefined ? Number.POSITIVE_INFINITY : retentionDays * 86_400_000
  const log = new InvocationLog({ dataDir, fs: nodeFs, clock, random, retentionMs, maxPending: 1, onError: () => {} })
  try {
    return await importDirectory(dir, log, { clock, retentionMs, own: dataDir === dir })
  } finally {
    await log.close()
  }
}

/** Imports the old files of the log's own directory unless that was done before; undefined if there was nothing to do. */
export async function importOwnFiles(
  dataDir: string,
  log: InvocationLog,
  options: { readonly clock: Clock; readonly retentionMs: number },
): Promise<ImportResult | undefined> {
  const { first } = await log.open()
  const found = (await isDirectory(join(dataDir, 'events'))) || (await isDirectory(join(dataDir, 'sessions')))
  if (!first || !found) return undefined
  for await (const records of log.read()) {
    if (records.some((record) => 'imported' in record)) return undefined
  }
  return importDirectory(dataDir, log, { ...options, own: true })
}

/** @param options.own the directory is the log's own: it is noted that it need not be imported again by itself */
export async function importDirectory(
  dir: string,
  log: InvocationLog,
  options: { readonly clock: Clock; readonly retentionMs: number; readonly own: boolean },
): Promise<ImportResult> {
  await log.requireFirst()
  const known = await knownKeys(log)
  const result: ImportResult = {
    events: { files: 0, imported: 0, known: 0, refused: 0, expired: 0 },
    sessions: { files: 0, imported: 0, known: 0, refused: 0 },
    missing_events: 0,
    problems: [],
  }
  const { clock, retentionMs, own } = options
  const oldestMs = clock.now() - retentionMs
  const filesOfSession = new Map<string, number>()

  for await (const files of seedFiles(join(dir, 'events'))) {
    const entries: JournalEntry[] = []
    for (const file of files) {
      result.events.files++
      const event = eventOf(file, clock.now(), result)
      if (event === undefined) result.events.refused++
      else {
        const { sessionId } = event
        if (sessionId !== undefined) filesOfSession.set(sessionId, (filesOfSession.get(sessionId) ?? 0) + 1)
        if (known.has(event.eventId)) result.events.known++
        else if (event.timestampMs < oldestMs) result.events.expired++
        else entries.push(eventEntry(event, clock.now()))
      }
    }
    if (entries.length > 0) await log.appendAll(entries)
    result.events.imported += entries.length
  }

  for await (const files of seedFiles(join(dir, 'sessions'))) {
    const entries: JournalEntry[] = []
    for (const file of files) {
      result.sessions.files++
      const note = sessionOf(file, clock.now(), result)
      if (note === undefined) result.sessions.refused++
      else {
        const missing = note.reportedRequests - (filesOfSession.get(note.id) ?? 0)
        result.missing_events += Math.max(0, missing)
        if (known.has(note.key)) result.sessions.known++
        else entries.push(sessionEntry(note))
      }
    }
    if (entries.length > 0) await log.appendAll(entries)
    result.sessions.imported += entries.length
  }
  if (own) await log.appendAll([importedEntry(clock.now())])
  return result
}

/** By what the events and sessions are known that were imported before. */
async function knownKeys(log: InvocationLog): Promise<ReadonlySet<string>> {
  const known = new Set<string>()
  for await (const records of log.read()) {
    for (const record of records) {
      if ('event' in record) {
        if (record.event.eventId.startsWith(ID_PREFIX)) known.add(record.event.eventId)
      } else if ('session' in record && record.session.key !== undefined) known.add(record.session.key)
    }
  }
  return known
}

function eventOf(file: SeedFile, nowMs: number, result: ImportResult): UsageEvent | undefined {
  if ('code' in file) return problem(result, `events/${file.name}`, file.code, file.message)
  const eventId = `${ID_PREFIX}${file.key}`
  try {
    const { event, repaired } = readInvocation(file.content, { nowMs, mintId: () => eventId })
    // Now is when it is imported, which is not when it happened.
    if (!repaired.has('timestamp') && file.content['timestamp'] !== undefined) return event
    return problem(result, `events/${file.name}`, 'invalid_timestamp', 'has no instant that can be read')
  } catch (error) {
    if (!isTallystickError(error)) throw error
    return problem(result, `events/${file.name}`, error.code, error.message)
  }
}

interface ImportedSession {
  readonly id: string
  readonly key: string
  readonly startedMs: number
  readonly endedMs?: number
  readonly reportedRequests: number
}

function sessionOf(file: SeedFile, nowMs: number, result: ImportResult): ImportedSession | undefined {
  if ('code' in file) return problem(result, `sessions/${file.name}`, file.code, file.message)
  const { session_id: id, started_at: startedAt, last_updated: updatedAt, metrics } = file.content
  const startedMs = instantOf(startedAt)
  if (!isSessionId(id) || startedMs === undefined || startedMs > nowMs)
    return problem(result, `sessions/${file.name}`, 'missing_field', 'needs session_id and started_at')
  const endedMs = instantOf(updatedAt)
  const total = (metrics as { readonly total_requests?: unknown } | null | undefined)?.total_requests
  const reportedRequests = Number.isSafeInteger(total) ? Math.max(0, total as number) : 0
  return {
    id,
    key: file.key,
    startedMs,
    reportedRequests,
    ...(endedMs !== undefined && endedMs >= startedMs ? { endedMs } : {}),
  }
}

function instantOf(value: unknown): number | undefined {
  return typeof value === 'string' ? parseRfc3339(value) : undefined
}

function problem(result: ImportResult, file: string, code: string, message: string): undefined {
  if (result.problems.length < MAX_PROBLEMS) result.problems.push({ file, code, message })
  return undefined
}
