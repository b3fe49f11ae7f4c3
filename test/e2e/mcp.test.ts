import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { LONG } from '../../packages/core/src/testing/thorough.ts'
import { BIN, ENV, folder, type Served, serve, tallystick } from './cli.ts'

// Many processes one after the other, on a machine that runs other tests at the same time.
vi.setConfig({ testTimeout: 120_000 })

const dir = folder()
const data = join(dir, 'data')

/** Ends a string, an object and a line of whoever does not quote it. */
const HOSTILE = 'gpt-4o"}\u2028\u202e]'

const event = (id: string, over: object = {}): object => ({
  event_id: id,
  timestamp_ms: Date.now() - 60_000,
  provider: 'openai',
  model: 'gpt-4o',
  session_id: 'session-1',
  input_tokens: 1200,
  output_tokens: 80,
  duration_ms: 400,
  ...over,
})

interface Agent {
  readonly client: Client
  readonly errors: () => string
  call(
    name: string,
    args?: Record<string, unknown>,
  ): Promise<{ failed: boolean; answer: Readonly<Record<string, unknown>> }>
  close(): Promise<void>
}

/** A coding agent, as far as `tallystick mcp` can tell: the protocol's own client over the streams of the built command. */
async function agent(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd: string = dir,
): Promise<Agent> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [BIN, 'mcp', ...args],
    env: { ...ENV, ...env },
    cwd,
    stderr: 'pipe',
  })
  let errors = ''
  transport.stderr?.on('data', (bytes) => {
    errors += bytes
  })
  const client = new Client({ name: 'agent', version: '1' })
  await client.connect(transport)
  return {
    client,
    errors: () => errors,
    async call(name, args = {}) {
      const { content, isError = false } = await client.callTool({ name, arguments: args })
      return { failed: isError === true, answer: JSON.parse((content as [{ text: string }])[0].text) }
    },
    close: () => client.close(),
  }
}

async function send(url: string, events: readonly object[]): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}/api/v1/events`, { method: 'POST', headers, body: JSON.stringify(events) })
  expect(response.status).toBe(200)
}

const requests = async (agent: Agent): Promise<unknown> =>
  (await agent.call('query', { from: '1d', measures: ['requests'] })).answer['rows']

/** Once nobody else holds the directory. */
async function untilServed(flags: readonly string[]): Promise<Served> {
  for (;;) {
    const served = await serve(data, flags).catch((error: Error) => {
      if (!error.message.includes('journal_locked')) throw error
    })
    if (served !== undefined) return served
    await setTimeout(200)
  }
}

let server: Served
beforeAll(async () => {
  server = await serve(data)
  await send(server.url, [event('a'), event('b', { model: HOSTILE })])
})
afterAll(async () => {
  await server.stop()
  rmSync(dir, { recursive: true, force: true })
})

describe('tallystick mcp over real streams', () => {
  it('answers every tool from a server that is named', async () => {
    const coding = await agent(['--server', server.url])
    try {
      const { tools } = await coding.client.listTools()
      for (const answered of await Promise.all(tools.map(({ name }) => coding.call(name))))
        expect(answered).toMatchObject({ failed: false })
      const types = ['session', 'historical', 'cost', 'recommendations', 'export', 'current', 'full_report']
      const reports = await Promise.all(types.map((report_type) => coding.call('get_analytics', { report_type })))
      for (const [index, report_type] of types.entries())
        expect(reports[index]).toMatchObject({ failed: false, answer: { success: true, report_type } })
      expect(await requests(coding)).toEqual([{ requests: 2 }])

      const { answer: byModel } = await coding.call('query', { from: '1d', group_by: ['model'] })
      expect(byModel['rows']).toContainEqual(expect.objectContaining({ model: HOSTILE }))
      expect(coding.errors()).toBe('')
    } finally {
      await coding.close()
    }
  })

  // What is left behind in the directory by a server that was killed is more to cope with.
  it.each(LONG ? (['SIGTERM', 'SIGKILL'] as const) : (['SIGKILL'] as const))(
    'goes on without a server that ended by %s: as errors where it is named, from the directory where it held that',
    async (signal) => {
      const named = await agent(['--server', server.url])
      const reading = await agent(['--data', data])
      try {
        const [{ requests: sent }] = (await requests(named)) as [{ requests: number }]
        expect(sent).toBeGreaterThan(1)
        expect(await requests(reading)).toEqual([{ requests: sent }])
        const closed = new Promise((done) => server.process.once('close', done))
        server.process.kill(signal)
        await closed
        const { failed, answer } = await named.call('query')
        expect(failed).toBe(true)
        expect(answer).toMatchObject({ error: { code: 'server_unreachable', retryable: true } })
        expect(JSON.stringify(answer)).toContain('tallystick serve')
        expect(await requests(reading)).toEqual([{ requests: sent }])

        // Whoever wants to serve it does not have to end the coding agent first.
        server = await untilServed(['--port', new URL(server.url).port])
        await send(server.url, [event(`after ${signal}`)])
        expect(await requests(named)).toEqual([{ requests: sent + 1 }])
        expect(await requests(reading)).toEqual([{ requests: sent + 1 }])
        expect(named.errors()).toBe('')
      } finally {
        await Promise.all([named.close(), reading.close()])
      }
    },
  )

  it('writes nothing but the protocol, survives what is none, answers what came in before the end, and ends', async () => {
    const line = (message: object): string => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`
    const clientInfo = { name: 'raw', version: '1' }
    const input = [
      line({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } }),
      line({ method: 'notifications/initialized' }),
      'this is no message\n{"jsonrpc":"2.0"}\n',
      line({ id: 2, method: 'no/such/method' }),
      line({ id: 3, method: 'tools/call', params: { name: 'query', arguments: { from: '1d' } } }),
    ].join('')
    const { code, out, err } = await tallystick(['mcp', '--server', server.url], { input })
    const answers = out
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as { id: number; result?: object; error?: object })
    expect(answers.map(({ id }) => id).sort()).toEqual([1, 2, 3])
    expect(answers.find(({ id }) => id === 2)?.error).toBeDefined()
    expect(answers.find(({ id }) => id === 3)?.result).toMatchObject({ content: [{ type: 'text' }] })
    expect(err).toContain('tallystick mcp:')
    expect(code).toBe(0)
  })

  it.each([
    [['--server', 'not an address'], 'is no address'],
    [['--store', 'floppy:x'], 'scheme'],
  ])('%j ends before the protocol begins, with exit code 2', async (args, told) => {
    const { code, out, err } = await tallystick(['mcp', ...args])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(told)
  })

  it('answers from the logs of coding agents where nothing has been set up, and leaves nothing behind', async () => {
    const home = join(dir, 'home')
    mkdirSync(join(home, '.claude/projects/p'), { recursive: true })
    const usage = { input_tokens: 100, cache_read_input_tokens: 0, cache_creation_input_tokens: 0, output_tokens: 20 }
    const logged = {
      type: 'assistant',
      timestamp: new Date(Date.now() - 3_600_000).toISOString(),
      sessionId: 's1',
      requestId: 'req_1',
      uuid: 'u1',
      message: { id: 'msg_1', model: 'claude-opus-5', usage },
    }
    writeFileSync(join(home, '.claude/projects/p/s1.jsonl'), `${JSON.stringify(logged)}\n`)
    const coding = await agent([], { HOME: home }, home)
    try {
      expect(await requests(coding)).toEqual([{ requests: 1 }])
      const { answer } = await coding.call('get_analytics', { report_type: 'session' })
      expect(answer).toMatchObject({ success: true, data: { session_id: 's1', metrics: { total_tokens: 120 } } })
      expect((await coding.call('get_budgets')).answer).toEqual({ budgets: [] })
      expect(existsSync(join(home, 'data'))).toBe(false)
    } finally {
      await coding.close()
    }
  })

  it('says what is missing where there is nothing to read, and where there is no key to read it with', async () => {
    const nowhere = await agent(['--data', join(dir, 'nothing')])
    expect((await nowhere.call('get_events')).answer).toMatchObject({ error: { code: 'data_dir_unusable' } })
    await nowhere.close()

    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ name: 'mcp', scopes: ['read', 'admin'] })
    const made = await fetch(`${server.url}/api/v1/keys`, { method: 'POST', headers, body })
    const { key } = (await made.json()) as { key: string }
    const stranger = await agent(['--server', server.url])
    const known = await agent(['--server', server.url], { TALLYSTICK_KEY: key })
    const { failed, answer } = await stranger.call('query')
    expect({ failed, answer }).toMatchObject({ failed: true, answer: { error: { code: 'unauthorized' } } })
    expect(JSON.stringify(answer)).toContain('TALLYSTICK_KEY')
    expect((await known.call('query')).failed).toBe(false)
    await Promise.all([stranger.close(), known.close()])
  })
})
