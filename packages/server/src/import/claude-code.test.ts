import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claudeCode } from './claude-code.ts'
import { KnownNames } from './known-names.ts'
import { assistant, lines, user } from './testing/claude-lines.ts'
import { folder, run, sum } from './testing/run.ts'

const CAPTURED = join(import.meta.dirname, '../../../../../shared/data/telemetry/claude-code-2.1.329.session.jsonl')

function session(content: string, name = 's1.jsonl', dir = folder()): { dir: string; path: string } {
  const path = join(dir, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content)
  return { dir, path }
}

describe('logs of Claude Code', () => {
  it.skipIf(!existsSync(CAPTURED))('gives the exact figures of a captured session', async () => {
    const { items, problems } = await run(claudeCode, [CAPTURED])
    expect(problems).toEqual([])
    expect(items).toEqual([
      {
        event_id: 'msg_fake706252:req_fake1',
        timestamp_ms: Date.parse('2026-11-20T22:59:54.102Z'),
        kind: 'llm_request_completed',
        agent_id: 'claude-code',
        session_id: '64aa2911-c793-4900-bf75-4b28ea41a63c',
        provider: 'anthropic',
        model: 'claude-opus-5',
        input_tokens: 4312,
        cache_read_tokens: 4000,
        cache_write_tokens: 100,
        cache_write_1h_tokens: 200,
        output_tokens: 42,
        reasoning_tokens: 0,
        usage_convention: 'anthropic.messages',
        service_tier: 'standard',
        finish_reason: 'end_turn',
        tags: { project: 'x' },
      },
    ])
  })

  it('counts a message once whose blocks stand on lines of their own, with its last figures and its first instant', async () => {
    const { dir } = session(
      lines(
        assistant({ id: 'm1', output: 1, stop: null, at: 1 }),
        user('a tool answers in between'),
        assistant({ id: 'm1', output: 40, stop: 'tool_use', at: 3 }),
        assistant({ id: 'm1', output: 40, stop: 'tool_use', at: 4 }),
        assistant({ id: 'm2', output: 7, at: 9 }),
      ),
    )
    const { items } = await run(claudeCode, [dir])
    expect(items.map((item) => [item['event_id'], item['output_tokens']])).toEqual([
      ['m1:req_m1', 40],
      ['m2:req_m2', 7],
    ])
    expect(items[0]?.['timestamp_ms']).toBe(Date.parse('2026-11-20T10:00:01.000Z'))
  })

  it('takes of equal copies the one that says how fast', async () => {
    const { dir } = session(
      lines(assistant({ id: 'm1' }), assistant({ id: 'm1', usage: { speed: 'fast' } }), assistant({ id: 'm1' })),
    )
    expect((await run(claudeCode, [dir])).items).toMatchObject([{ service_tier: 'fast' }])
  })

  it('counts a message of a session that was resumed or forked into another file once, for the first session', async () => {
    const shared = [assistant({ id: 'm1', at: 1 }), assistant({ id: 'm2', at: 2 })]
    const { dir } = session(lines(...shared, assistant({ id: 'm3', at: 3 })), 'b-first.jsonl')
    await new Promise((resolve) => setTimeout(resolve, 20))
    const copied = shared.map((line) => line.replace('"sessionId":"s1"', '"sessionId":"s2"'))
    session(lines(...copied, assistant({ id: 'm4', session: 's2', at: 9 })), 'a-later.jsonl', dir)
    const { items, progress } = await run(claudeCode, [dir])
    expect(items.map((item) => `${item['event_id']} ${item['session_id']}`).sort()).toEqual([
      'm1:req_m1 s1',
      'm2:req_m2 s1',
      'm3:req_m3 s1',
      'm4:req_m4 s2',
    ])
    expect(progress.copies).toBe(2)
  })

  it('leaves out a message of the parent that a subagent replays under another request, in its own file or the same', async () => {
    const replay = (id: string): string =>
      assistant({ id, request: `req_replay_${id}`, more: { isSidechain: true, agentId: 'a1' } })
    const own = assistant({ id: 'side', more: { isSidechain: true, agentId: 'a1' } })
    const { dir } = session(lines(replay('m1'), own), 'project/s1/subagents/agent-a1.jsonl')
    session(lines(assistant({ id: 'm1' }), assistant({ id: 'm2' }), replay('m2')), 'project/s1.jsonl', dir)
    const { items } = await run(claudeCode, [dir])
    expect(items.map((item) => item['event_id']).sort()).toEqual(['m1:req_m1', 'm2:req_m2', 'side:req_side'])
  })

  it('counts by message alone where there is no request id, and every line where there is no message id', async () => {
    const without = (member: 'request' | 'message', line: string): string => {
      const value = JSON.parse(line) as { requestId?: string; message: { id?: string } }
      if (member === 'request') delete value.requestId
      else delete value.message.id
      return JSON.stringify(value)
    }
    const { dir } = session(
      lines(
        without('request', assistant({ id: 'm1', output: 1 })),
        without('request', assistant({ id: 'm1', output: 9 })),
        without('message', assistant({ id: 'm2', output: 1 })),
        without('message', assistant({ id: 'm2', output: 2 })),
      ),
    )
    const { items } = await run(claudeCode, [dir])
    expect(items.map((item) => item['event_id'])).toEqual(['m1', 'line:m2-1', 'line:m2-2'])
    expect(sum(items, 'output_tokens')).toBe(12)
  })

  it('takes no line for a request that is none', async () => {
    const { dir } = session(
      lines(
        JSON.stringify({ type: 'cost-state', usage: { input_tokens: 5 } }),
        assistant({ id: 'm1', more: { isApiErrorMessage: true } }),
        assistant({ id: 'm2' }).replace('claude-opus-5', '<synthetic>'),
        JSON.stringify({ type: 'user', toolUseResult: { usage: { output_tokens: 5 } } }),
        user('"usage":{"output_tokens":1000}'),
        assistant({ id: 'm3', text: '"type":"assistant","message":{"id":"x","usage":{"output_tokens":9}}' }),
      ),
    )
    const { items, problems } = await run(claudeCode, [dir])
    expect(items.map((item) => item['event_id'])).toEqual(['m3:req_m3'])
    expect(problems).toEqual([])
  })

  it('keeps nothing of what was said, whether it can be read or not', async () => {
    const said = 'the secret plan'
    const line = assistant({ id: 'm1', text: said, more: { toolUseResult: { usage: said }, gitBranch: said } })
    const { dir } = session(
      lines(user(said), line, `{"usage":"${said}`, assistant({ id: 'm2', text: said.repeat(700_000) })),
    )
    const { items, problems, marks } = await run(claudeCode, [dir])
    expect([items.length, problems.length]).toEqual([2, 1])
    expect(JSON.stringify([items, problems, [...marks]])).not.toContain('secret')
  })

  it('hands on a cost that the log tells, as older versions did', async () => {
    const { dir } = session(lines(assistant({ id: 'm1', more: { costUSD: 0.0125 } })))
    expect((await run(claudeCode, [dir])).items).toMatchObject([{ cost_usd: 0.0125 }])
  })

  it('reports a line that is broken and reads the rest, whatever its bytes', async () => {
    const { dir, path } = session(lines(assistant({ id: 'm1' }), '{"type":"assistant","message":{"usage":'))
    appendFileSync(path, Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28, 0x0a]))
    appendFileSync(path, lines(assistant({ id: 'm2' })))
    const { items, problems } = await run(claudeCode, [dir])
    expect(items.map((item) => item['event_id'])).toEqual(['m1:req_m1', 'm2:req_m2'])
    expect(problems).toEqual([{ code: 'invalid_json', where: expect.stringContaining('s1.jsonl, byte ') }])
  })

  it('finds the usage of a line of 20 MB and the lines after it', async () => {
    const { dir } = session(
      lines(assistant({ id: 'm1', text: '\\"usage\\" '.repeat(2_000_000) }), assistant({ id: 'm2' })),
    )
    const { items } = await run(claudeCode, [dir])
    expect(items.map((item) => [item['event_id'], item['output_tokens']])).toEqual([
      ['m1:req_m1', 5],
      ['m2:req_m2', 5],
    ])
  })

  it('leaves out what is older than asked for, and does not take it for read', async () => {
    const { dir } = session(lines(assistant({ id: 'm1', at: 0 }), assistant({ id: 'm2', at: 100 })))
    const sinceMs = Date.parse('2026-11-20T10:01:00.000Z')
    const recent = await run(claudeCode, [dir], { sinceMs })
    expect(recent.items.map((item) => item['event_id'])).toEqual(['m2:req_m2'])
    const rest = await run(claudeCode, [dir], { marks: recent.marks })
    expect(rest.items).toHaveLength(2)
  })

  it('looks where the environment says, or in both places that versions have used', () => {
    expect(claudeCode.locations({ HOME: '/h' })).toEqual(['/h/.claude/projects', '/h/.config/claude/projects'])
    expect(claudeCode.locations({ HOME: '/h', XDG_CONFIG_HOME: '/x' })[1]).toBe('/x/claude/projects')
    expect(claudeCode.locations({ CLAUDE_CONFIG_DIR: '/a, /b/projects' })).toEqual(['/a/projects', '/b/projects'])
  })
})

describe('reading again', () => {
  it('opens no file in which nothing has changed, and reads on where one has grown', async () => {
    const { dir, path } = session(lines(assistant({ id: 'm1' }), assistant({ id: 'm2' })))
    session(lines(assistant({ id: 'n1' })), 's2.jsonl', dir)
    const first = await run(claudeCode, [dir])
    const again = await run(claudeCode, [dir], { marks: first.marks })
    expect([again.items.length, again.progress.unchanged, again.progress.bytesDone]).toEqual([0, 2, 0])
    appendFileSync(path, lines(assistant({ id: 'm3' })))
    const grown = await run(claudeCode, [dir], { marks: first.marks })
    expect(grown.items.map((item) => item['event_id'])).toEqual(['m3:req_m3'])
    expect(grown.progress.unchanged).toBe(1)
  })

  it('reads a file from its beginning that was written anew, also when it is longer now', async () => {
    const { dir, path } = session(lines(assistant({ id: 'm1' })))
    const first = await run(claudeCode, [dir])
    writeFileSync(path, lines(user('other text'), assistant({ id: 'x1' }), assistant({ id: 'x2' })))
    const second = await run(claudeCode, [dir], { marks: first.marks })
    expect(second.items.map((item) => item['event_id'])).toEqual(['x1:req_x1', 'x2:req_x2'])
  })

  it('leaves a line alone that is still being written, and reads it once it is whole', async () => {
    const line = assistant({ id: 'm2' })
    const { dir, path } = session(lines(assistant({ id: 'm1' })) + line.slice(0, -30))
    const first = await run(claudeCode, [dir])
    expect([first.items.length, first.problems.length]).toEqual([1, 0])
    appendFileSync(path, `${line.slice(-30)}\n`)
    const second = await run(claudeCode, [dir], { marks: first.marks })
    expect(second.items.map((item) => item['event_id'])).toEqual(['m2:req_m2'])
  })

  it('holds a message back that may still grow, until the file has rested', async () => {
    const { dir, path } = session(lines(assistant({ id: 'm1' }), assistant({ id: 'm2', output: 3, stop: null })))
    const live = await run(claudeCode, [dir], { afterMs: 0 })
    expect(live.items.map((item) => item['event_id'])).toEqual(['m1:req_m1'])
    expect(live.progress.held).toBe(1)
    const known = new KnownNames()
    for (const item of live.items) known.add(String(item['event_id']))
    const unchanged = await run(claudeCode, [dir], { afterMs: 0, marks: live.marks, known })
    expect([unchanged.items.length, unchanged.progress.unchanged]).toEqual([0, 1])
    const rested = await run(claudeCode, [dir], { marks: live.marks })
    expect(rested.items).toMatchObject([{ event_id: 'm2:req_m2', output_tokens: 3 }])
    appendFileSync(path, lines(assistant({ id: 'm2', output: 50 })))
    const grown = await run(claudeCode, [dir], { afterMs: 0, marks: live.marks })
    expect(grown.items).toMatchObject([{ event_id: 'm2:req_m2', output_tokens: 50 }])
  })

  it('gives each message once, however lines are spread over files, files grow, and runs fall', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ id: fc.integer({ min: 0, max: 12 }), file: fc.integer({ min: 0, max: 2 }) }), {
          minLength: 1,
          maxLength: 40,
        }),
        fc.array(fc.nat(), { maxLength: 4 }),
        async (told, cuts) => {
          const dir = folder()
          const content = new Map<number, string>()
          for (const { id, file } of told)
            content.set(
              file,
              (content.get(file) ?? '') + lines(user(`line ${id}`), assistant({ id: `m${id}`, output: id })),
            )
          const names: unknown[] = []
          let marks = new Map()
          const known = new KnownNames()
          for (const cut of [...cuts, Number.POSITIVE_INFINITY]) {
            for (const [file, text] of content) {
              const bytes = cut === Number.POSITIVE_INFINITY ? text.length : cut % (text.length + 1)
              // Files only grow: what was there stays there.
              const path = join(dir, `s${file}.jsonl`)
              const before = existsSync(path) ? (lengths.get(path) ?? 0) : 0
              lengths.set(path, Math.max(before, bytes))
              writeFileSync(path, text.slice(0, Math.max(before, bytes)))
            }
            const ran = await run(claudeCode, [dir], { marks, known })
            marks = ran.marks
            names.push(...ran.items.map((item) => item['event_id']))
            expect(ran.problems).toEqual([])
          }
          const expected = [...new Set(told.map(({ id }) => `m${id}:req_m${id}`))].sort()
          expect(names.sort()).toEqual(expected)
        },
      ),
      { seed: 20_261_121, numRuns: 60 },
    )
  })
})

const lengths = new Map<string, number>()
