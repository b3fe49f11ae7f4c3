import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commandOf, curlOf, quoted } from '../packages/dashboard/src/explore/script.ts'
import type { QueryBody } from '../packages/dashboard/src/lib/queries.ts'

const body: QueryBody = {
  from: 1_700_000_000_000,
  to: 1_700_086_400_000,
  measures: ['cost_nano_usd', 'requests'],
  group_by: ['model'],
  time_zone: 'Asia/Kathmandu',
  filters: { agent_id: ["it's", null], success: { not: [true] } },
  order_by: '-cost_nano_usd',
  limit: 100,
}
const target = { origin: 'http://127.0.0.1:8088', keyed: false }

/** What a shell makes of a line: its words. */
const words = (line: string): string[] =>
  execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1)

test('a shell reads back what was quoted, whatever it is', () => {
  const hostile = ['', "'", "'; rm -rf /; '", '$(id)', '`id`', '\\', '"', 'a b', '!x', '~', '*', '\n', '-', '#']
  const text = fc.oneof(
    fc.constantFrom(...hostile),
    fc.string().filter((one) => !one.includes('\0')),
  )
  const texts = fc.sample(text, { seed: 1, numRuns: 300 })
  expect(words(texts.map(quoted).join(' '))).toEqual(texts)
})

test('curl asks the exact question, with a key where one is wanted', () => {
  const [name, url, flag, header, data, text] = words(curlOf(body, target))
  expect([name, url, flag, header, data]).toEqual([
    'curl',
    'http://127.0.0.1:8088/api/v1/query',
    '-H',
    'content-type: application/json',
    '-d',
  ])
  expect(JSON.parse(text ?? '')).toEqual(body)
  expect(curlOf(body, { ...target, keyed: true })).toContain('-H "Authorization: Bearer $TALLYSTICK_KEY"')
})

test('the command says it with flags, a moving range as an age', () => {
  const line = commandOf(body, { preset: '7d' }, target)
  expect(words(line)).toEqual([
    ...['tallystick', 'query', '--server', 'http://127.0.0.1:8088', '--measures', 'cost_nano_usd,requests'],
    ...['--group-by', 'model', '--from', '7d', '--time-zone', 'Asia/Kathmandu'],
    ...['--filter', "agent_id=it's", '--filter', 'agent_id=', '--filter', 'success!=true'],
    ...['--order-by', '-cost_nano_usd', '--limit', '100'],
  ])
  const range = { fromMs: body.from, toMs: body.to }
  expect(commandOf(body, range, target)).toContain('--from 2023-11-14T22:13:20.000Z --to 2023-11-15T22:13:20.000Z')
  expect(commandOf(body, { preset: 'all' }, target)).toContain('--from 2023-11-14T22:13:20.000Z')
})

test('what flags cannot say goes in as a body', () => {
  const odd = { ...body, group_by: ['tags.a,b=c'] }
  const line = commandOf(odd, { preset: '7d' }, target)
  const [question, command] = line.split(' | ')
  expect(command).toBe('tallystick query --server http://127.0.0.1:8088 --body -')
  expect(JSON.parse(words(question ?? '').at(-1) ?? '')).toEqual(odd)
})
