import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { opencode } from './opencode.ts'
import { folder, run } from './testing/run.ts'

const MESSAGE = {
  id: 'msg_1',
  sessionID: 'ses_1',
  role: 'assistant',
  modelID: 'claude-opus-5',
  providerID: 'anthropic',
  path: { cwd: '/home/dev/app/x', root: '/' },
  cost: 0.0125,
  time: { created: 1_795_262_400_000, completed: 1_795_262_401_500 },
  tokens: { input: 10, output: 20, reasoning: 5, cache: { read: 300, write: 40 } },
}

function stored(...messages: readonly object[]): string {
  const dir = folder()
  mkdirSync(join(dir, 'ses_1'))
  for (const [index, message] of messages.entries())
    writeFileSync(join(dir, 'ses_1', `msg_${index + 1}.json`), JSON.stringify(message))
  return dir
}

describe('messages of opencode', () => {
  it('stand beside each other in tokens, and tell their cost', async () => {
    const { items } = await run(opencode, [stored(MESSAGE, { ...MESSAGE, id: 'msg_2', role: 'user' })])
    expect(JSON.parse(JSON.stringify(items))).toEqual([
      {
        event_id: 'msg_1',
        timestamp_ms: 1_795_262_400_000,
        kind: 'llm_request_completed',
        agent_id: 'opencode',
        session_id: 'ses_1',
        provider: 'anthropic',
        backend: 'anthropic',
        model: 'claude-opus-5',
        input_tokens: 350,
        cache_read_tokens: 300,
        cache_write_tokens: 40,
        output_tokens: 25,
        reasoning_tokens: 5,
        usage_convention: 'opencode',
        duration_ms: 1500,
        cost_usd: 0.0125,
        tags: { project: 'x' },
      },
    ])
  })

  it('without a cost say none, and failed ones how', async () => {
    const { items } = await run(opencode, [
      stored({ ...MESSAGE, cost: 0 }, { ...MESSAGE, id: 'msg_2', error: { name: 'MessageAbortedError' } }),
    ])
    expect(items[0]?.['cost_usd']).toBeUndefined()
    expect(items[1]).toMatchObject({ kind: 'llm_request_failed', error_type: 'MessageAbortedError' })
  })

  it('name errors by their kind alone', async () => {
    const error = { name: 'antidisestablishmentarianism42', data: { message: 'what was asked' } }
    const { items } = await run(opencode, [stored({ ...MESSAGE, error })])
    expect(items).toMatchObject([{ kind: 'llm_request_failed', error_type: 'other' }])
  })

  it('wait until they are complete', async () => {
    const dir = stored({ ...MESSAGE, time: { created: MESSAGE.time.created } })
    const live = await run(opencode, [dir], { afterMs: 0 })
    expect([live.items.length, live.progress.held]).toEqual([0, 1])
    writeFileSync(join(dir, 'ses_1', 'msg_1.json'), `${JSON.stringify(MESSAGE)} `)
    expect((await run(opencode, [dir], { afterMs: 0, marks: live.marks })).items).toHaveLength(1)
  })
})
