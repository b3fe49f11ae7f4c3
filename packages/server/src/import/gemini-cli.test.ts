import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { geminiCli } from './gemini-cli.ts'
import { lines } from './testing/claude-lines.ts'
import { folder, run } from './testing/run.ts'

const CAPTURED = join(import.meta.dirname, '../../../../../shared/data/telemetry/gemini-cli-0.61.0.session.jsonl')

const HEADER = { sessionId: 's1', projectHash: 'p', kind: 'main' }
const message = (id: string, output: number): object => ({
  id,
  timestamp: '2026-11-20T10:00:00.000Z',
  type: 'gemini',
  content: 'hello',
  tokens: { input: 100, output, cached: 60, thoughts: 7, tool: 4, total: 111 + output },
  model: 'gemini-3.1-pro-preview',
})

function session(content: string, name: string): { dir: string; path: string } {
  const dir = folder()
  const path = join(dir, 'hash', 'chats', name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content)
  return { dir, path }
}

describe('logs of Gemini CLI', () => {
  it.skipIf(!existsSync(CAPTURED))('give the exact figures of a captured session', async () => {
    expect((await run(geminiCli, [CAPTURED])).items).toEqual([
      {
        event_id: '69912750-2749-473d-af64-b89d2624763d',
        timestamp_ms: Date.parse('2026-11-20T23:00:26.064Z'),
        kind: 'llm_request_completed',
        agent_id: 'gemini-cli',
        session_id: 'c3ec6878-4fdc-4493-ab08-373d8dd3c75f',
        provider: 'gcp.gemini',
        model: 'gemini-3.1-pro-preview',
        input_tokens: 1000,
        cache_read_tokens: 600,
        output_tokens: 100,
        reasoning_tokens: 70,
        usage_convention: 'gemini.generate_content',
      },
    ])
  })

  it('count tokens of tools as input and thoughts as output, and a message once that a patch repeats', async () => {
    const { dir } = session(
      lines(
        JSON.stringify(HEADER),
        JSON.stringify({ id: 'u', type: 'user', content: 'hi' }),
        JSON.stringify(message('m1', 20)),
        JSON.stringify({ $set: { messages: [message('m1', 20), message('m2', 30)] } }),
      ),
      'session-1.jsonl',
    )
    const { items } = await run(geminiCli, [dir])
    expect(
      items.map((item) => [item['event_id'], item['session_id'], item['input_tokens'], item['output_tokens']]),
    ).toEqual([
      ['m1', 's1', 104, 27],
      ['m2', 's1', 104, 37],
    ])
  })

  it('know their session when they are read on from the middle', async () => {
    const { dir, path } = session(lines(JSON.stringify(HEADER), JSON.stringify(message('m1', 1))), 'session-1.jsonl')
    const { marks } = await run(geminiCli, [dir])
    appendFileSync(path, lines(JSON.stringify(message('m2', 2))))
    expect((await run(geminiCli, [dir], { marks })).items).toMatchObject([{ event_id: 'm2', session_id: 's1' }])
  })

  it('are read as older versions wrote them, one document that is written anew as it grows', async () => {
    const write = (...messages: object[]): string => JSON.stringify({ ...HEADER, messages }, null, 2)
    const { dir, path } = session(write(message('m1', 1)), 'session-1.json')
    const first = await run(geminiCli, [dir])
    expect(first.items).toMatchObject([{ event_id: 'm1', session_id: 's1' }])
    writeFileSync(path, write(message('m1', 1), message('m2', 2)))
    const { items } = await run(geminiCli, [dir], { marks: first.marks })
    expect(items.map((item) => item['event_id'])).toEqual(['m1', 'm2'])
    writeFileSync(path, write(message('m1', 1)).slice(0, -9))
    expect((await run(geminiCli, [dir])).problems).toMatchObject([{ code: 'invalid_json' }])
  })
})
