import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Ran, run as runIn } from './testing/run.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tallystick-bench-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const generate = (...args: string[]): Promise<Ran> =>
  runIn(['bench', 'generate', '--to', '2026-11-01T00:00:00Z', ...args], { cwd: dir })

test('writes the same lines for the same seed, to standard output and to a file that was not there', async () => {
  const first = await generate('--events', '1200', '--days', '3', '--out', '-')
  expect(first.code).toBe(0)
  expect(first.out.split('\n')).toHaveLength(1_201)
  expect(await generate('--events', '1200', '--days', '3', '--out', 'load.ndjson')).toMatchObject({ code: 0, out: '' })
  expect(readFileSync(join(dir, 'load.ndjson'), 'utf8')).toBe(first.out)
  expect((await generate('--events', '1200', '--days', '3', '--seed', '2', '--out', '-')).out).not.toBe(first.out)
  const again = await generate('--events', '1', '--out', 'load.ndjson')
  expect(again.code).toBe(2)
  expect(again.err).toContain('load.ndjson')
})

test('fills a data directory, once however often it is asked', async () => {
  const args = ['--events', '1500', '--data', join(dir, 'data'), '--json']
  const filled = await generate(...args)
  expect(JSON.parse(filled.out)).toMatchObject({
    events: 1_500,
    accepted: 1_500,
    duplicate: 0,
    conflict: 0,
    rejected: 0,
  })
  expect(filled.code).toBe(0)
  expect(JSON.parse((await generate(...args)).out)).toMatchObject({ accepted: 0, duplicate: 1_500 })
}, 60_000)

test.each([
  ['--events 0', /--events takes an integer from 1/],
  ['--events ten', /--events/],
  ['--events 5 --days 0', /--days/],
  ['--events 5 --seed -1', /--seed/],
  ['--events 5 --out x --server http://127.0.0.1:1', /--out or --server/],
])('refuses %s as a mistake of usage', async (args, message) => {
  const { code, err } = await generate(...args.split(' '))
  expect(code).toBe(2)
  expect(err).toMatch(message)
})
