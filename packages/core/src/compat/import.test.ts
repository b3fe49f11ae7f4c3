import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { importUsageAnalytics } from './index.ts'
import { cleanUpAll, DAY_MS, fragileFs, NOW_MS, openAnalytics, TestClock, temporaryDir } from './testing/analytics.ts'

afterEach(cleanUpAll)

const clock = new TestClock()
const SESSION = 'session_1762000000000_ab12cd'

const event = (atMs: number, more: object = {}): object => ({
  timestamp: new Date(atMs).toISOString(),
  session_id: SESSION,
  tool_name: 'ask',
  backend_used: 'gemini',
  routing_method: 'unknown',
  routing_confidence: 0,
  processing_time_ms: 100,
  tokens_used: 10,
  prompt_length: 0,
  response_length: 0,
  success: true,
  error: null,
  ...more,
})

/** A directory as the old class left it. */
function oldDirectory(): string {
  const dir = temporaryDir()
  for (const name of ['events', 'sessions', 'daily']) mkdirSync(join(dir, name))
  const write = (name: string, content: unknown): void =>
    writeFileSync(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content, null, 2))
  for (let index = 0; index < 70; index++) {
    write(`events/${NOW_MS - index * 1000}_ask.json`, event(NOW_MS - index * 1000))
  }
  const error = { message: 'gone' }
  write(`events/${NOW_MS - DAY_MS}_review.json`, event(NOW_MS - DAY_MS, { tool_name: 'review', success: false, error }))
  // What the old class wrote when something was missing: text that was added up, NaN as null, no instant.
  write('events/1_odd.json', event(NOW_MS - 2 * DAY_MS, { processing_time_ms: null, tokens_used: '05' }))
  write('events/NaN_ask.json', event(NOW_MS, { timestamp: 'garbage' }))
  write('events/2_torn.json', '{"timestamp": "2026-')
  write('events/3_list.json', '[]')
  write('events/4_huge.json', `{"x":"${'x'.repeat(1024 * 1024)}"}`)
  write('events/notes.txt', 'not ours')
  symlinkSync(join(dir, 'events/1_odd.json'), join(dir, 'events/5_link.json'))
  const metrics = { total_requests: 75, successful_requests: 74 }
  const started_at = new Date(NOW_MS - 3 * DAY_MS).toISOString()
  write(`sessions/${SESSION}.json`, {
    session_id: SESSION,
    started_at,
    metrics,
    last_updated: new Date(NOW_MS).toISOString(),
  })
  write('sessions/broken.json', { session_id: '', started_at })
  return dir
}

const contents = (dir: string): string[] =>
  ['events', 'sessions'].flatMap((name) =>
    readdirSync(join(dir, name))
      .sort()
      .map((file) => `${name}/${file} ${readFileSync(join(dir, name, file), 'utf8')}`),
  )

const IMPORTED = {
  events: { files: 77, imported: 72, known: 0, refused: 5, expired: 0 },
  sessions: { files: 2, imported: 1, known: 0, refused: 1 },
  // The session counted 75 requests; 72 event files of it could be read.
  missing_events: 3,
}

describe('the directory of the old class', () => {
  it('is imported, what cannot be read is named, and the files stay as they are', async () => {
    const dir = oldDirectory()
    const before = contents(dir)
    const result = await importUsageAnalytics(dir, { dataDir: temporaryDir(), clock })
    expect(result).toMatchObject(IMPORTED)
    expect(result.problems.map(({ file, code }) => `${file} ${code}`).sort()).toEqual([
      'events/2_torn.json invalid_json',
      'events/3_list.json not_an_object',
      'events/4_huge.json too_long',
      'events/5_link.json file_unreadable',
      'events/NaN_ask.json invalid_timestamp',
      'sessions/broken.json missing_field',
    ])
    expect(contents(dir)).toEqual(before)
  })

  it('is imported once however often, and then only what is new', async () => {
    const dir = oldDirectory()
    const dataDir = temporaryDir()
    await importUsageAnalytics(dir, { dataDir, clock })
    expect(await importUsageAnalytics(dir, { dataDir, clock })).toMatchObject({
      events: { imported: 0, known: 72, refused: 5 },
      sessions: { imported: 0, known: 1 },
    })
    writeFileSync(join(dir, `events/${NOW_MS}_ask.json`), JSON.stringify(event(NOW_MS, { tokens_used: 11 })))
    expect(await importUsageAnalytics(dir, { dataDir, clock })).toMatchObject({ events: { imported: 1, known: 71 } })
    const { totals, backend_performance } = await openAnalytics(dataDir).getHistoricalAnalytics('7d')
    expect(totals).toMatchObject({ requests: 73, failures: 1, total_tokens: 72 * 10 - 5 + 11 })
    expect(backend_performance['gemini']?.avg_time_ms).toBe(100)
  })

  it('is imported by the first opening of the directory itself, and not again by the next', async () => {
    const dir = oldDirectory()
    const analytics = openAnalytics(dir)
    await analytics.recordInvocation({ tool_name: 'new', backend_used: 'local' })
    await analytics.init()
    expect((await analytics.getHistoricalAnalytics('7d')).totals.requests).toBe(73)
    expect(await analytics.getSessions()).toMatchObject([
      { session_id: analytics.currentSession.session_id, requests: 1, reported_requests: null },
      { session_id: SESSION, requests: 72, reported_requests: 75, started_at: '2026-11-18T12:00:00.000Z' },
    ])
    expect(await analytics.getSession(SESSION)).toMatchObject({ metrics: { total_requests: 72 } })
    await analytics.cleanup()
    writeFileSync(join(dir, 'events/9_late.json'), JSON.stringify(event(NOW_MS)))
    const next = openAnalytics(dir)
    expect((await next.getHistoricalAnalytics('7d')).totals.requests).toBe(73)
    expect(await next.importFrom(dir)).toMatchObject({ events: { imported: 1, known: 72 } })
  })

  it('is imported to its end when the disk was full in the middle of it', async () => {
    const dir = oldDirectory()
    const disk = fragileFs()
    const analytics = openAnalytics(dir, { fs: disk.fs })
    disk.breakAfterWrites(3)
    await expect(analytics.init()).rejects.toMatchObject({ code: 'disk_full' })
    disk.mend()
    const partial = (await analytics.getHistoricalAnalytics('7d')).totals.requests
    expect(partial).toBe(72)
    await analytics.cleanup()
    expect((await openAnalytics(dir).getHistoricalAnalytics('7d')).totals.requests).toBe(72)
  })

  it('is imported by one process only', async () => {
    const dir = oldDirectory()
    const first = openAnalytics(dir)
    const second = openAnalytics(dir)
    await Promise.all([first.init(), second.init()])
    await second.recordInvocation({ tool_name: 'new', backend_used: 'local' })
    for (const each of [first, second]) expect((await each.getHistoricalAnalytics('7d')).totals.requests).toBe(73)
    const refusals = await Promise.allSettled([first.importFrom(dir), second.importFrom(dir)])
    expect(refusals.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('leaves out what is older than the retention', async () => {
    const result = await importUsageAnalytics(oldDirectory(), { dataDir: temporaryDir(), clock, retentionDays: 1.5 })
    expect(result.events).toMatchObject({ imported: 71, expired: 1 })
  })

  it('may be missing', async () => {
    expect(
      await importUsageAnalytics(join(temporaryDir(), 'nowhere'), { dataDir: temporaryDir(), clock }),
    ).toMatchObject({
      events: { files: 0 },
      sessions: { files: 0 },
      problems: [],
    })
  })
})
