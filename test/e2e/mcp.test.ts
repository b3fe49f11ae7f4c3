import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BIN, ENV, folder, type Served, serve, tallystick } from './cli.ts'

const dir = folder()
const data = join(dir, 'data')

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
async function agent(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Agent> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [BIN, 'mcp', ...args],
    env: { ...ENV, ...env },
    cwd: dir,
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
async function untilServed(): Promise<Served> {
  for (;;) {
    const served = await serve(data).catch((error: Error) => {
      if (!error.message.includes('journal_locked')) throw error
    })
    if (served !== undefined) return served
  }
}

let server: Served
beforeAll(async () => {
  server = await serve(data)
  await send(server.url, [event('a'), event('b', { model: 'gpt-4o"}\n\u202e]' })])
})
afterAll(async () => {
  await server.stop()
  rmSync(dir, { recursive: true, force: true })
})

describe('tallystick mcp over real streams', () => {
  it('answers every tool from a server that is named, goes on without it as errors, and with it when it is back', async () => {
    const coding = await agent(['--server', server.url])
    try {
      const { tools } = await coding.client.listTools()
      for (const { name } of tools) expect(await coding.call(name)).toMatchObject({ failed: false })
      const types = ['session', 'historical', 'cost', 'recommendations', 'export', 'current', 'full_report']
      for (const report_type of types)
        expect(await coding.call('get_analytics', { report_type })).toMatchObject({
          failed: false,
          answer: { success: true, report_type },
        })
      expect(await requests(coding)).toEqual([{ requests: 2 }])

      server.process.kill('SIGKILL')
      await new Promise((done) => server.process.once('close', done))
      const { failed, answer } = await coding.call('query')
      expect(failed).toBe(true)
      expect(answer).toMatchObject({ error: { code: 'server_unreachable', retryable: true } })
      expect(JSON.stringify(answer)).toContain('tallystick serve')

      server = await serve(data, ['--port', new URL(server.url).port])
      expect(await requests(coding)).toEqual([{ requests: 2 }])
      expect(coding.errors()).toBe('')
    } finally {
      await coding.close()
    }
  })

  it('finds the server that holds a directory, reads the directory without one, and gives it back', async () => {
    const coding = await agent(['--data', data])
    try {
      expect(await requests(coding)).toEqual([{ requests: 2 }])
      await server.stop()
      expect(await requests(coding)).toEqual([{ requests: 2 }])
      // Whoever wants to serve it does not have to end the coding agent first.
      server = await untilServed()
      await send(server.url, [event('c')])
      expect(await requests(coding)).toEqual([{ requests: 3 }])
    } finally {
      await coding.close()
    }
  })

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
