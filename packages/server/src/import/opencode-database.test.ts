import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { opencode } from './opencode.ts'
import { DATABASE, DATABASE_LOG } from './testing/opencode-database.ts'
import { folder, run, sum } from './testing/run.ts'

function stored(database: Uint8Array, log?: Uint8Array): string {
  const dir = folder()
  writeFileSync(join(dir, 'opencode.db'), database)
  if (log !== undefined) writeFileSync(join(dir, 'opencode.db-wal'), log)
  return dir
}

const IN_FILE = Array.from({ length: 60 }, (_, at) => at).filter((at) => at % 4 !== 3)
const INPUT = IN_FILE.reduce((total, at) => total + 350 + at, 0)

describe('databases of opencode', () => {
  it('are read over all their pages, without a library', async () => {
    const { items, problems } = await run(opencode, [stored(DATABASE)])
    expect(problems).toEqual([])
    expect([items.length, sum(items, 'input_tokens'), sum(items, 'output_tokens')]).toEqual([45, INPUT, 45 * 25])
    expect(items[1]).toMatchObject({
      event_id: 'msg_001',
      session_id: 'ses_1',
      provider: 'anthropic',
      model: 'claude-opus-5',
      cost_usd: 0.01,
      tags: { project: 'x' },
    })
  })

  it('are read with what their log has committed, and a session of both tables once', async () => {
    const { items } = await run(opencode, [stored(DATABASE, DATABASE_LOG)])
    const logged = Array.from({ length: 10 }, (_, at) => 410 + at).reduce((total, input) => total + input, 0)
    expect([items.length, sum(items, 'input_tokens')]).toEqual([45 + 10 + 1, INPUT + 1000 + logged + 7])
    expect(items.at(-1)).toMatchObject({
      event_id: 'v2_a',
      session_id: 'ses_new',
      model: 'gpt-5.5',
      provider: 'openai',
    })
  })

  it('are read up to where their log is whole', async () => {
    const { items, problems } = await run(opencode, [
      stored(DATABASE, DATABASE_LOG.subarray(0, DATABASE_LOG.length - 1)),
    ])
    expect([items.length, problems]).toEqual([45, []])
  })

  it('are not read again until they or their logs have changed', async () => {
    const dir = stored(DATABASE, DATABASE_LOG.subarray(0, 100))
    const { marks } = await run(opencode, [dir])
    expect((await run(opencode, [dir], { marks })).progress.unchanged).toBe(1)
    appendFileSync(join(dir, 'opencode.db-wal'), DATABASE_LOG.subarray(100))
    expect((await run(opencode, [dir], { marks })).items).toHaveLength(56)
  })

  it('give nothing twice that files still hold as well', async () => {
    const dir = stored(DATABASE)
    const message = {
      role: 'assistant',
      modelID: 'm',
      time: { created: 1_795_262_400_000, completed: 1_795_262_400_001 },
      tokens: { input: 1 },
    }
    mkdirSync(join(dir, 'storage', 'message', 'ses_0'), { recursive: true })
    for (const id of ['msg_000', 'msg_old'])
      writeFileSync(join(dir, 'storage', 'message', 'ses_0', `${id}.json`), JSON.stringify({ id, ...message }))
    const { items, progress } = await run(opencode, [dir])
    expect([items.length, progress.copies]).toEqual([46, 1])
  })

  it('that are damaged anywhere are reported or read as far as they make sense, and never hang or throw', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(DATABASE.length - 1), fc.nat(255), fc.boolean(), async (at, byte, cut) => {
        const damaged = Buffer.from(cut ? DATABASE.subarray(0, at) : DATABASE)
        if (!cut) damaged[at] = byte
        const { items, problems } = await run(opencode, [stored(damaged)])
        expect(items.length <= 45 + problems.length).toBe(true)
      }),
      { seed: 20_261_121, numRuns: 150 },
    )
  })
})
