import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EventStore, SYNC_OPTIONS, SyncClient } from '@tallystick/core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Fault, FaultProxy } from '../../packages/core/src/sync/testing/fault-proxy.ts'
import { folder, ROOT, type Served, serve } from './cli.ts'

// Many processes one after the other, on a machine that runs other tests at the same time.
vi.setConfig({ testTimeout: 120_000 })

/** The sync client of the built library against the built server. */
let served: Served
const project = mkdtempSync(join(tmpdir(), 'tallystick-sync-'))
const page = readFileSync(join(ROOT, 'docs/sync.md'), 'utf8')

beforeAll(async () => {
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
  served = await serve(folder())
})

afterAll(async () => {
  await served.stop()
})

/** Runs a module of its own to its end; gives what it printed. */
async function run(code: string): Promise<string> {
  const file = join(project, `${process.hrtime.bigint()}.mjs`)
  writeFileSync(file, code.replaceAll('http://127.0.0.1:8088', served.url))
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: project, timeout: 100_000 })
  return stdout
}

async function figures(sourceId: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${served.url}/api/v1/query?consistency=applied`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      from: '2026-01-01T00:00:00Z',
      to: '2100-01-01T00:00:00Z',
      measures: ['requests', 'input_tokens'],
      filters: { source_id: [sourceId] },
    }),
  })
  const { rows } = (await response.json()) as { rows: Record<string, unknown>[] }
  return rows[0] as Record<string, unknown>
}

describe('recording with sync', () => {
  it('50,000 events through a buffer of 10,000 arrive once each', async () => {
    const printed = await run(`
      import { EventStore, SyncClient } from '@tallystick/core'
      const store = new EventStore({ capacity: 10_000, sourceId: 'many' })
      const client = SyncClient.start(store, { url: 'http://127.0.0.1:8088', intervalMs: 100 })
      for (let number = 0; number < 50_000; number++) {
        store.recordEvent({ kind: 'llm_request_completed', provider: 'openai', model: 'gpt-4o', inputTokens: number % 100, outputTokens: 1 })
        while (store.length > 9_000) await new Promise((resolve) => setTimeout(resolve, 1))
      }
      const { acked, rejected, pending, dropped } = await client.stop({ timeoutMs: 60_000 })
      const { duplicates, requests } = client.stats()
      console.log(JSON.stringify({ acked, rejected, pending, dropped: dropped.size, duplicates, large: requests < 2_000 }))
    `)
    expect(JSON.parse(printed)).toEqual({
      acked: 50_000,
      rejected: 0,
      pending: 0,
      dropped: 0,
      duplicates: 0,
      large: true,
    })
    expect(await figures('many')).toMatchObject({ requests: 50_000, input_tokens: 500 * 4_950 })
  })

  it('answers that are lost on the way make duplicates, no second count and no conflict', async () => {
    const proxy = await FaultProxy.start(Number(new URL(served.url).port))
    const faults: Fault[] = [
      { cut: { at: 'committed' }, how: 'reset' },
      { cut: { at: 'answer', bytes: 20 }, how: 'close' },
      { cut: { at: 'committed' }, how: { answer: 'HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\n\r\n' } },
      { cut: { at: 'body', bytes: 900 }, how: 'stall' },
    ]
    proxy.plan.push(...faults)
    const store = new EventStore({ sourceId: 'lost-answers' })
    for (let number = 0; number < 200; number++)
      store.recordEvent({
        kind: 'llm_request_completed',
        provider: 'openai',
        model: 'gpt-4o',
        inputTokens: number,
        outputTokens: 1,
        costMicros: 7,
      })
    const client = new SyncClient(store, { url: proxy.url, intervalMs: 5, timeoutMs: 2_000 })
    expect(await client.flush({ timeoutMs: 30_000 })).toMatchObject({ acked: 200, rejected: 0, pending: 0 })
    expect(client.stats()).toMatchObject({ failures: 4, conflicts: 0 })
    expect(client.stats().duplicates).toBeGreaterThan(0)
    expect(await figures('lost-answers')).toMatchObject({ requests: 200, input_tokens: 19_900 })
    await proxy.close()
  })

  it('a process that is asked to end flushes first, and ends by the signal', async () => {
    const ended = run(`
      import { EventStore, SyncClient, stopOnExit } from '@tallystick/core'
      const store = new EventStore({ sourceId: 'asked-to-end' })
      const client = SyncClient.start(store, { url: 'http://127.0.0.1:8088' })
      stopOnExit(client)
      for (let number = 0; number < 5; number++) store.recordLlmFailed('gpt-4o')
      setInterval(() => undefined, 1_000)
      setTimeout(() => process.kill(process.pid, 'SIGTERM'), 50)
    `)
    await expect(ended).rejects.toMatchObject({ signal: 'SIGTERM' })
    expect(await figures('asked-to-end')).toMatchObject({ requests: 5 })
  })

  it('a process with nothing left to do flushes first; a client alone does not keep it alive', async () => {
    const code = (hook: string): string => `
      import { EventStore, SyncClient, stopOnExit } from '@tallystick/core'
      const store = new EventStore({ sourceId: 'nothing-left${hook.length}' })
      const client = SyncClient.start(store, { url: 'http://127.0.0.1:8088' })
      ${hook}
      await new Promise((resolve) => setTimeout(resolve, 50))
      store.recordLlmFailed('gpt-4o')
    `
    const hook = 'stopOnExit(client)'
    await run(code(hook))
    await run(code(''))
    expect(await figures(`nothing-left${hook.length}`)).toMatchObject({ requests: 1 })
    expect((await figures('nothing-left0'))?.['requests'] ?? 0).toBe(0)
  })
})

describe('docs/sync.md', () => {
  const examples = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1] as string)

  it.each(examples.map((code, index) => [index + 1, code] as const))(
    'example %i runs and prints what it says',
    async (_, code) => {
      const promised = [...code.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map((match) => match[1])
      expect((await run(code)).trim()).toBe(promised.join('\n'))
    },
  )

  it('has a row for every option with its default, and no other', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\S+) \|/gm)].map((row) => row.slice(1, 3))
    const table = Object.entries(SYNC_OPTIONS).map(([name, { fallback }]) => {
      if (name === 'fetch') return [name, 'global']
      return [name, typeof fallback === 'object' ? 'system' : String(fallback ?? '-')]
    })
    expect(rows).toEqual(table)
  })
})
