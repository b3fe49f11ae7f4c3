import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTallystick, type Tallystick } from '../open.ts'
import { type Ran, run as runIn } from './testing/run.ts'

let dataDir: string
let tallystick: Tallystick
let url: string
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tallystick-report-'))
  tallystick = await openTallystick({ dataDir: join(dataDir, 'none'), store: 'memory:' })
  url = (await tallystick.listen({ port: 0 })).url
  const items = Array.from({ length: 4 }, (_, index) => ({
    event_id: `e${index}`,
    provider: 'openai',
    model: index === 0 ? 'a|b' : 'gpt-4o',
    timestamp_ms: Date.now() - 60_000,
    input_tokens: 1_000_000,
    output_tokens: 0,
  }))
  await tallystick.ingest.submit({ items, door: 'native' })
})
afterAll(async () => {
  await tallystick.close()
  rmSync(dataDir, { recursive: true })
})

const run = (...args: string[]): Promise<Ran> => runIn(['report', '--server', url, ...args], { cwd: dataDir })

describe('tallystick report', () => {
  it('prints Markdown of the last seven days, or JSON for scripts', async () => {
    const { code, out, err } = await run('--timezone', 'UTC')
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^# Usage report\n/)
    expect(out).toContain('| gpt-4o | $7.50 | 100 % | 3 |')
    expect(out).toContain('| a\\|b | unpriced | 0 % | 1 |')
    const {
      totals,
      range,
      time_zone: zone,
    } = JSON.parse((await run('--format', 'json', '-r', '24h', '-z', 'Asia/Kathmandu')).out)
    expect([totals.requests.value, totals.cost_nano_usd.value, range, zone]).toEqual([
      4,
      7_500_000_000,
      '24h',
      'Asia/Kathmandu',
    ])
    const { out: filtered } = await run('--format', 'json', '--from', '1d', '--filter', 'model!=gpt-4o')
    expect(JSON.parse(filtered).totals.requests.value).toBe(1)
  })

  it('writes a file in the format that its name says, and replaces none unasked', async () => {
    const first = await run('--out', 'week.html')
    expect([first.code, first.out]).toEqual([0, ''])
    expect(first.err).toMatch(/^[\d.]+ kB written to .*week\.html\n$/)
    expect(readFileSync(join(dataDir, 'week.html'), 'utf8')).toMatch(/^<!doctype html>/)
    expect((await run('--out', 'week.html')).code).toBe(2)
    expect((await run('--out', 'week.html', '--force', '--format', 'json')).code).toBe(0)
    expect(readFileSync(join(dataDir, 'week.html'), 'utf8')).toMatch(/^\{/)
    expect(existsSync(join(dataDir, 'week.html.partial'))).toBe(false)
  })

  it.each([
    [['--range', 'week'], 'is no range'],
    [['--range', '7d', '--from', '2d'], 'range'],
    [['--timezone', 'Mars'], 'Mars'],
    [['--format', 'docx'], 'docx'],
    [['--out', 'x.docx'], '--format'],
    [['--format', 'pdf'], '--out'],
    [['--filter', 'model'], 'DIMENSION=VALUE'],
    [['--filter', 'modle=x'], 'modle'],
  ])('%j is no command: exit code 2', async (args, said) => {
    const { code, out, err } = await run(...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(said)
  })

  it('opens a data directory that no server holds; without Chromium it says what to do, and leaves no file', async () => {
    const { code, err } = await runIn(['report', '--data', dataDir, '--store', 'memory:', '--out', 'x.pdf'], {
      cwd: dataDir,
      env: { TALLYSTICK_CHROMIUM: join(dataDir, 'no-chromium') },
    })
    expect(code).toBe(1)
    expect(err).toContain('pdf_unavailable')
    expect(existsSync(join(dataDir, 'x.pdf'))).toBe(false)
  })
})
