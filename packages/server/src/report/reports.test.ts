import { createHmac } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Report } from '@tallystick/core/insight'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Receiver, startReceiver } from '../alert/testing/receiver.ts'
import { FakeTime } from '../alert/testing/scene.ts'
import { LOCAL, type Principal } from '../identity/principal.ts'
import { openMemoryState } from '../state/memory.ts'
import type { ReportRun } from '../state/report-schedule.ts'
import { reportScene, START_MS } from './testing/scene.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

let dir: string
let receiver: Receiver
const open: { close(): Promise<void> }[] = []
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reports-'))
  receiver = await startReceiver()
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
  await receiver.close()
  rmSync(dir, { recursive: true, force: true })
})

const HOSTS = { allowedHosts: ['127.0.0.1'] }
const scene: typeof reportScene = async (options = {}) => {
  const made = await reportScene({ dir, send: HOSTS, ...options })
  open.push(made.reports)
  return made
}
const toFile = (beside: object = {}): object => ({
  name: 'Daily',
  cron: '0 8 * * *',
  time_zone: 'Europe/Berlin',
  format: 'json',
  target: { kind: 'file', name: 'daily', keep: 2 },
  ...beside,
})
const toHook = (beside: object = {}): object => ({
  cron: '0 * * * *',
  format: 'json',
  target: { kind: 'webhook', url: receiver.url, secret: 'a secret of the receiver' },
  ...beside,
})
const files = (): string[] => readdirSync(dir).sort()
const ends = ({ deliveredMs, givenUpMs, lastError, detail, by }: ReportRun): object => ({
  by,
  ...(deliveredMs === undefined ? {} : { deliveredMs }),
  ...(givenUpMs === undefined ? {} : { givenUpMs }),
  said: detail ?? lastError,
})

describe('a schedule', () => {
  it('writes a report when it is due by the clock of its zone, and keeps so many', async () => {
    const { reports, time, state } = await scene()
    const { nextMs, schedule } = await reports.create(toFile({ range: '24h' }), LOCAL)
    expect(new Date(nextMs as number).toISOString()).toBe('2026-11-22T07:00:00.000Z')
    reports.start()
    await reports.idle()
    expect(files()).toEqual([])
    for (let day = 1; day <= 4; day++) {
      time.nowMs = START_MS + (day - 1) * DAY_MS + 19 * HOUR_MS
      await reports.round()
    }
    expect(files()).toEqual(['daily-2026-11-24T070000Z.json', 'daily-2026-11-25T070000Z.json'])
    const {
      report_version: version,
      to_ms: toMs,
      from_ms: fromMs,
    } = JSON.parse(readFileSync(join(dir, files()[0] as string), 'utf8')) as Report
    expect([version, new Date(toMs - 1).toISOString(), toMs - fromMs]).toEqual([1, '2026-11-24T07:00:00.000Z', DAY_MS])
    expect(state.rows('reportSchedules').get(schedule.id)?.doneMs).toBe(Date.parse('2026-11-25T07:00:00Z'))
  })

  it('runs once for all that it missed, with the range of the last, and never before it was made', async () => {
    const { reports, time } = await scene()
    const { schedule } = await reports.create(toFile(), LOCAL)
    await reports.round()
    expect(files()).toEqual([])
    time.nowMs = START_MS + 40 * DAY_MS
    await reports.round()
    await reports.round()
    expect(files()).toEqual(['daily-2026-12-31T070000Z.json'])
    const { runs } = await reports.schedule(schedule.id, LOCAL)
    expect(runs.map(ends)).toEqual([{ by: 'schedule', deliveredMs: time.nowMs, said: 'daily-2026-12-31T070000Z.json' }])
  })

  it('wakes by itself, and not while it is paused; what passed in the pause is not made up for', async () => {
    const { reports, time } = await scene()
    const { schedule } = await reports.create(toFile({ cron: '0 * * * *' }), LOCAL)
    reports.start()
    await time.advance(HOUR_MS)
    await reports.idle()
    expect(files()).toEqual(['daily-2026-11-21T130000Z.json'])
    await reports.replace(schedule.id, toFile({ cron: '0 * * * *', enabled: false }), LOCAL)
    await time.advance(5 * HOUR_MS)
    await reports.replace(schedule.id, toFile({ cron: '0 * * * *' }), LOCAL)
    await reports.idle()
    expect(files()).toHaveLength(1)
    expect((await reports.schedule(schedule.id, LOCAL)).nextMs).toBe(START_MS + 7 * HOUR_MS)
  })

  it('is not started twice: who asks while one is under way is told of that one', async () => {
    const { reports } = await scene()
    const { schedule } = await reports.create(toFile(), LOCAL)
    const [first, second] = [await reports.run(schedule.id, LOCAL), await reports.run(schedule.id, LOCAL)]
    expect(second.id).toBe(first.id)
    await reports.round()
    expect(files()).toEqual(['daily-2026-11-21T120000Z.json'])
    const { runs } = await reports.schedule(schedule.id, LOCAL)
    expect(runs.map(({ by, attempts }) => [by, attempts])).toEqual([['person', 1]])
  })

  it('goes on after a restart with what was begun, under the same id, and does not send what was taken again', async () => {
    const state = openMemoryState()
    const time = new FakeTime(START_MS)
    const before = await scene({ state, time })
    await before.reports.create(toHook(), LOCAL)
    receiver.answer = (response) => void response.writeHead(500).end()
    time.nowMs += HOUR_MS
    await before.reports.round()
    await before.reports.close()
    expect(receiver.received).toHaveLength(1)

    receiver.answer = (response) => void response.writeHead(204).end()
    time.nowMs += HOUR_MS / 2
    const after = await scene({ state, time })
    await after.reports.round()
    await after.reports.close()
    const ids = receiver.received.map(({ body }) => (JSON.parse(body) as { id: string }).id)
    expect([ids.length, new Set(ids).size]).toEqual([2, 1])

    const again = await scene({ state, time })
    await again.reports.round()
    expect(receiver.received).toHaveLength(2)
  })

  it('tries again what failed, says why, and gives it up when the next is due', async () => {
    const { reports, time } = await scene()
    const { schedule } = await reports.create(toHook(), LOCAL)
    receiver.answer = (response) => void response.writeHead(503).end()
    time.nowMs += HOUR_MS
    await reports.round()
    const [failing] = (await reports.schedule(schedule.id, LOCAL)).runs
    expect(failing).toMatchObject({ attempts: 1, lastError: 'answered 503' })
    expect((failing as ReportRun).nextMs).toBeGreaterThan(time.nowMs)
    await reports.round()
    expect(receiver.received).toHaveLength(1)
    receiver.answer = (response) => void response.writeHead(204).end()
    time.nowMs += HOUR_MS
    await reports.round()
    const { runs } = await reports.schedule(schedule.id, LOCAL)
    expect(runs.map(ends)).toEqual([
      { by: 'schedule', deliveredMs: time.nowMs, said: 'answered 204' },
      { by: 'schedule', givenUpMs: time.nowMs, said: 'answered 503' },
    ])
  })

  it('is forgotten with its runs, of which the last twenty are kept', async () => {
    const { reports, time, state } = await scene()
    const { schedule } = await reports.create(toFile({ cron: '* * * * *' }), LOCAL)
    for (let minute = 1; minute <= 25; minute++) {
      time.nowMs = START_MS + minute * 60_000
      await reports.round()
    }
    const { runs } = await reports.schedule(schedule.id, LOCAL)
    expect(runs).toHaveLength(20)
    expect(runs[0]?.dueMs).toBe(time.nowMs)
    await reports.remove(schedule.id, LOCAL)
    expect([state.rows('reportSchedules').size, state.rows('reportRuns').size]).toEqual([0, 0])
  })
})

describe('a delivery', () => {
  it('is posted as JSON, signed, and to permitted addresses only', async () => {
    const { reports } = await scene()
    const { schedule } = await reports.create(toHook({ format: 'html' }), LOCAL)
    await reports.run(schedule.id, LOCAL)
    await reports.round()
    const [{ body, headers }] = receiver.received as [Receiver['received'][number]]
    const message = JSON.parse(body) as Record<string, unknown>
    expect(message).toMatchObject({
      type: 'report',
      format: 'html',
      schedule: { id: schedule.id, name: 'Usage report' },
    })
    expect(message['content']).toMatch(/^<!doctype html>/)
    const [, seconds, mac] = /^t=(\d+),v1=(\w+)$/.exec(String(headers['tallystick-signature'])) ?? []
    expect(mac).toBe(createHmac('sha256', 'a secret of the receiver').update(`${seconds}.${body}`).digest('hex'))
    await expect((await scene({ send: {} })).reports.create(toHook(), LOCAL)).rejects.toMatchObject({
      code: 'invalid_schedule',
    })
  })

  it('is mailed with the report attached', async () => {
    const mails: string[] = []
    const server = new SMTPServer({
      disabledCommands: ['STARTTLS', 'AUTH'],
      onData(stream, _, done) {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          mails.push(Buffer.concat(chunks).toString())
          done()
        })
      },
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open.push({ close: () => new Promise((resolve) => server.close(() => resolve())) })
    const { port } = server.server.address() as { port: number }
    const { reports } = await scene({ send: { smtpUrl: `smtp://127.0.0.1:${port}` } })
    const target = { kind: 'mail', to: 'team@example.com' }
    const { schedule } = await reports.create({ cron: '0 8 * * MON', format: 'markdown', target }, LOCAL)
    const run = await reports.run(schedule.id, LOCAL)
    await reports.round()
    expect(mails).toHaveLength(1)
    const mail = mails[0] as string
    expect(mail).toMatch(/^Subject: Usage report: \$0\.0060, 2026-11-14 12:00 to/m)
    expect(mail).toContain(`Message-ID: <${run.id}@tallystick>`)
    expect(mail).toMatch(/filename=usage-2026-11-14-to-2026-11-21\.md/)
  })

  it('to a file is whole or not there, and leaves what others have put beside it', async () => {
    writeFileSync(join(dir, 'daily-notes.txt'), 'mine')
    writeFileSync(join(dir, '.daily-0193f0c2-0000-7000-8000-000000000000.tmp'), 'half')
    const { reports } = await scene()
    const { schedule } = await reports.create(toFile(), LOCAL)
    await reports.run(schedule.id, LOCAL)
    await reports.round()
    expect(files()).toEqual(['daily-2026-11-21T120000Z.json', 'daily-notes.txt'])
  })

  it('to a directory that cannot be written says so and leaks no path', async () => {
    const blocked = join(dir, 'blocked')
    writeFileSync(blocked, 'a file where a directory should be')
    const { reports } = await scene({ dir: blocked })
    const { schedule } = await reports.create(toFile(), LOCAL)
    await reports.run(schedule.id, LOCAL)
    await reports.round()
    expect((await reports.schedule(schedule.id, LOCAL)).runs[0]?.lastError).toMatch(/^the file: (EEXIST|ENOTDIR)$/)
  })
})

describe('who sees what', () => {
  const left: Principal = { kind: 'key', name: 'key l', scopes: new Set(['admin', 'read']), tenantId: 'left' }
  const right: Principal = { ...left, name: 'key r', tenantId: 'right' }

  it("a tenant's schedule tells of that tenant, and no other tenant sees it", async () => {
    const { reports } = await scene()
    const { schedule } = await reports.create(toHook(), left)
    expect(await reports.schedules(right)).toEqual([])
    await expect(reports.run(schedule.id, right)).rejects.toMatchObject({ code: 'not_found' })
    await expect(reports.remove(schedule.id, right)).rejects.toMatchObject({ code: 'not_found' })
    expect(await reports.schedules(LOCAL)).toHaveLength(1)
    await reports.run(schedule.id, LOCAL)
    await reports.round()
    const { report } = JSON.parse(receiver.received[0]?.body ?? '') as { report: Report }
    expect([report.scope.tenant_id, report.totals['requests']?.value]).toEqual(['left', 1])
  })

  it('who is bound to agents makes schedules of them, and files are for whoever sees everything', async () => {
    const { reports } = await scene()
    const agent: Principal = { ...left, agentIds: new Set(['a']) }
    const { schedule } = await reports.create(toHook(), agent)
    expect(schedule.agentIds).toEqual(['a'])
    expect(await reports.schedules({ ...left, agentIds: new Set(['b']) })).toEqual([])
    await expect(reports.create(toFile(), left)).rejects.toMatchObject({
      issues: [{ path: 'target.kind', message: 'files are for whoever sees the whole server' }],
    })
  })
})

describe('a schedule that is not right', () => {
  it.each([
    [{ cron: 'every day' }, 'cron'],
    [{ cron: '0 0 30 2 *' }, 'cron'],
    [{ cron: '* * * * * *' }, 'cron'],
    [{ time_zone: 'Mars/Base' }, 'time_zone'],
    [{ range: 'last_year' }, 'range'],
    [{ format: 'docx' }, 'format'],
    [{ filters: { modle: ['x'] } }, 'filters.modle'],
    [{ target: { kind: 'file', name: '../../etc/cron.d/x' } }, 'target.name'],
    [{ target: { kind: 'file', name: 'x', keep: 0 } }, 'target.keep'],
    [{ target: { kind: 'webhook', url: 'http://169.254.169.254/' } }, 'target.url'],
    [{ target: { kind: 'webhook', url: 'http://127.0.0.1/x', secret: 'short' } }, 'target.secret'],
    [{ target: { kind: 'mail', to: 'a@b, c@d' } }, 'target.to'],
    [{ target: { kind: 'fax' } }, 'target'],
    [{ name: 'two\nlines' }, 'name'],
    [{ crno: 'x' }, 'crno'],
  ])('%j is refused at %s', async (beside, path) => {
    const { reports } = await scene()
    const error = await reports.create(toFile(beside), LOCAL).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'invalid_schedule' })
    expect((error as { issues: { path: string }[] }).issues.map((issue) => issue.path)).toContain(path)
  })

  it('takes a target as it was shown, and two schedules never the same file', async () => {
    const { reports } = await scene()
    const { schedule } = await reports.create(toHook(), LOCAL)
    const shown = { kind: 'webhook', url: `http://127.0.0.1:${receiver.port}/***`, secret: '***' }
    const again = await reports.replace(schedule.id, toHook({ target: shown }), LOCAL)
    expect(again.schedule.target).toEqual(schedule.target)
    await reports.create(toFile(), LOCAL)
    await expect(reports.create(toFile(), LOCAL)).rejects.toMatchObject({ issues: [{ path: 'target.name' }] })
  })
})

it('without a directory no file is promised', async () => {
  const { reports } = await reportScene()
  open.push(reports)
  expect(reports.can).toEqual({ file: false, mail: false })
  await expect(reports.create(toFile(), LOCAL)).rejects.toMatchObject({ issues: [{ path: 'target.kind' }] })
})
