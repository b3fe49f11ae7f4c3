import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codex } from './codex.ts'
import { KnownNames } from './known-names.ts'
import type { WireEvent } from './record.ts'
import { lines } from './testing/claude-lines.ts'
import { count, meta, record, turn } from './testing/codex-lines.ts'
import { ONE_FRAME, TWO_FRAMES } from './testing/packed-rollout.ts'
import { folder, run, sum } from './testing/run.ts'

const CAPTURED = join(import.meta.dirname, '../../../../../shared/data/telemetry/codex-0.169.0.rollout.jsonl')

const rolloutName = (session: string): string => `rollout-2026-11-20T10-00-00-${session}.jsonl`

function rollout(content: string | Uint8Array, name = rolloutName('a'), dir = folder()): { dir: string; path: string } {
  const path = join(dir, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content)
  return { dir, path }
}

describe('rollouts of Codex', () => {
  it.skipIf(!existsSync(CAPTURED))(
    'give the exact figures of a captured session, by its record of usage alone',
    async () => {
      const { items, problems } = await run(codex, [CAPTURED])
      expect(problems).toEqual([])
      expect(items).toEqual([
        {
          event_id: 'resp_1',
          timestamp_ms: Date.parse('2026-11-20T22:58:54.806Z'),
          kind: 'llm_request_completed',
          agent_id: 'codex',
          session_id: '01a1fb2f-2a77-7291-a500-5865db5da4f4',
          provider: 'openai',
          model: 'gpt-5.5',
          backend: 'fake',
          input_tokens: 1200,
          cache_read_tokens: 1000,
          cache_write_tokens: 100,
          output_tokens: 50,
          reasoning_tokens: 20,
          usage_convention: 'openai.responses',
          tags: { project: 'x' },
        },
      ])
    },
  )

  it('take the model of the turn, and each response once however often it is told of', async () => {
    const { dir } = rollout(
      lines(
        meta('a'),
        turn('gpt-5.5'),
        record('r1', 100, 10, 5),
        turn('gpt-5.4'),
        record('r2', 200, 20, 6),
        record('r2', 200, 20, 7),
      ),
    )
    const { items } = await run(codex, [dir])
    expect(items.map((item) => [item['event_id'], item['model'], item['input_tokens']])).toEqual([
      ['r1', 'gpt-5.5', 100],
      ['r2', 'gpt-5.4', 200],
    ])
  })

  it('without records, take the usage of the last request, and a total that is told again for nothing', async () => {
    const { dir } = rollout(
      lines(
        meta('a'),
        turn('gpt-5.5'),
        count([100, 10], [100, 10], 2_000),
        count([100, 10], [100, 10], 2_100),
        count([300, 30], [200, 20], 5_000),
        '{"timestamp":"2026-11-20T10:00:06.000Z","type":"event_msg","payload":{"type":"token_count","info":null}}',
      ),
    )
    const { items, problems } = await run(codex, [dir])
    expect(items.map((item) => [item['input_tokens'], item['cache_read_tokens'], item['output_tokens']])).toEqual([
      [100, 50, 10],
      [200, 100, 20],
    ])
    expect(problems).toEqual([])
  })

  it('subtract totals where nothing else is told, also when reading on in a later run', async () => {
    const { dir, path } = rollout(lines(meta('a'), turn('gpt-5.5'), count([100, 10], undefined, 2_000)))
    const first = await run(codex, [dir])
    appendFileSync(
      path,
      lines(count([100, 10], undefined, 3_000), count([350, 60], undefined, 4_000), count([20, 5], undefined, 9_000)),
    )
    const second = await run(codex, [dir], { marks: first.marks })
    expect(second.items.map((item) => [item['model'], item['input_tokens'], item['output_tokens']])).toEqual([
      ['gpt-5.5', 250, 50],
      ['gpt-5.5', 20, 5],
    ])
  })

  it('give the same figures in one run and in several, wherever the file ended between them', async () => {
    const steps = fc.array(
      fc.record({ input: fc.nat(50), output: fc.nat(20), last: fc.boolean(), turn: fc.boolean(), again: fc.boolean() }),
      { minLength: 1, maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(steps, fc.array(fc.nat(), { maxLength: 3 }), async (told, cuts) => {
        let [input, output] = [0, 0]
        const content = told.map((step, index) => {
          input += step.input * 2
          output += step.output * 5
          const last = step.last ? ([step.input * 2, step.output * 5] as const) : undefined
          const counted = count([input, output], last, 2_000 + index * 1_000)
          return lines(...(step.turn ? [turn(`gpt-${index}`)] : []), counted, ...(step.again ? [counted] : []))
        })
        const text = lines(meta('a')) + content.join('')
        const { dir, path } = rollout('')
        const known = new KnownNames()
        let marks = new Map()
        const items: WireEvent[] = []
        for (const size of [...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length]) {
          writeFileSync(path, text.slice(0, size))
          const ran = await run(codex, [dir], { marks, known })
          marks = ran.marks
          items.push(...ran.items)
        }
        const whole = await run(codex, [rollout(text).dir])
        expect(items).toEqual(whole.items)
        expect([sum(items, 'input_tokens'), sum(items, 'output_tokens')]).toEqual([input, output])
      }),
      { seed: 20_261_121, numRuns: 80 },
    )
  })

  it('of a file that an older version began take totals up to the first record, and records from there', async () => {
    const { dir } = rollout(
      lines(
        meta('a'),
        turn('gpt-5.5'),
        count([100, 10], [100, 10], 2_000),
        record('r1', 50, 5, 3_000),
        count([150, 15], [50, 5], 3_010),
      ),
    )
    expect(sum((await run(codex, [dir])).items, 'input_tokens')).toBe(150)
  })

  it('leave out what a fork repeats of its parent, past the first second too, and what a fork of the fork does', async () => {
    const history = [count([100, 10], [100, 10], 2_000), count([300, 30], [200, 20], 5_000)]
    const own = (total: readonly [number, number], atMs: number): string => count(total, [40, 10], atMs)
    const dir = folder()
    const write = (id: string, content: string): void => void rollout(content, rolloutName(id), dir)
    write('a', lines(meta('a'), turn('gpt-5.5'), ...history))
    await new Promise((resolve) => setTimeout(resolve, 20))
    write('b', lines(meta('b', { forked_from_id: 'a' }), meta('a'), ...history, own([340, 40], 60_000)))
    await new Promise((resolve) => setTimeout(resolve, 20))
    write(
      'c',
      lines(meta('c', { forked_from_id: 'b' }), meta('b'), ...history, own([340, 40], 60_000), own([380, 50], 90_000)),
    )
    const { items } = await run(codex, [dir])
    expect(items.map((item) => [item['session_id'], item['input_tokens']])).toEqual([
      ['a', 100],
      ['a', 200],
      ['b', 40],
      ['c', 40],
    ])
  })

  it('leave out the first second of a fork whose parent is gone', async () => {
    const spawned = { source: { subagent: { thread_spawn: { parent_thread_id: 'gone' } } } }
    const { dir } = rollout(
      lines(meta('b', spawned), count([100, 10], [100, 10], 500), count([140, 20], [40, 10], 8_000)),
    )
    expect((await run(codex, [dir])).items).toMatchObject([{ input_tokens: 40 }])
  })

  it('say that a model is unknown rather than guess one', async () => {
    const { dir } = rollout(lines(meta('a', { model_provider: 'my-proxy' }), record('r1', 100, 10, 5)))
    expect((await run(codex, [dir])).items).toMatchObject([
      { model: 'unknown', provider: 'unknown', backend: 'my-proxy' },
    ])
  })

  it('are counted once that stand in the archive as well, or were packed since', async () => {
    const content = lines(meta('a'), turn('gpt-5.5'), record('r1', 100, 10, 5), count([1, 1], [1, 1], 9_000))
    const { dir } = rollout(content, `sessions/2026/11/20/${rolloutName('a')}`)
    rollout(content, `archived_sessions/${rolloutName('a')}`, dir)
    const { items, progress } = await run(codex, [dir])
    expect([items.length, progress.copies]).toEqual([1, 1])
  })
})

describe('packed rollouts', () => {
  it.each([
    ['one frame', ONE_FRAME],
    ['two frames', TWO_FRAMES],
  ])('are read in %s', async (_, packed) => {
    const { dir } = rollout(packed, `${rolloutName('z')}.zst`)
    const { items, problems, marks } = await run(codex, [dir])
    expect(problems).toEqual([])
    expect([items.length, sum(items, 'input_tokens'), sum(items, 'output_tokens')]).toEqual([40, 4780, 400])
    expect((await run(codex, [dir], { marks })).progress.unchanged).toBe(1)
  })

  it('that are cut anywhere give what is in them up to there, and say so', async () => {
    for (let size = 0; size < TWO_FRAMES.length; size += 37) {
      const { dir } = rollout(TWO_FRAMES.subarray(0, size), `${rolloutName('z')}.zst`)
      const { items, problems } = await run(codex, [dir])
      expect(items.length).toBeLessThan(40)
      const whole = size === 0
      expect(problems.map(({ code }) => code)).toEqual(whole ? [] : ['invalid_encoding'])
    }
  })

  it('that are no zstd data are reported, and others are read', async () => {
    const { dir } = rollout(Buffer.from('{"not":"packed"}\n'), `${rolloutName('y')}.zst`)
    rollout(ONE_FRAME, `${rolloutName('z')}.zst`, dir)
    const { items, problems } = await run(codex, [dir], { known: new KnownNames() })
    expect([items.length, problems.map(({ code }) => code)]).toEqual([40, ['invalid_encoding']])
  })
})
