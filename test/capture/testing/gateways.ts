import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import { trace } from '@opentelemetry/api'
import { captureExpress } from '@tallystick/core/capture/express'
import { captureFastify } from '@tallystick/core/capture/fastify'
import { captureHono, exchangeOf, type ServerCaptureOptions } from '@tallystick/core/capture/hono'
import express from 'express'
import fastify from 'fastify'
import { type Context, Hono } from 'hono'

/** Somebody's own server, which answers as providers do, in each of the frameworks. */
export interface Gateway {
  readonly url: string
  close(): Promise<void>
}

/** What of the options is the same whatever the framework. */
export type GatewayCapture = Omit<ServerCaptureOptions<never>, 'names' | 'target'>

export interface GatewayOptions {
  /** Absent: the server as it is without us. */
  readonly capture?: GatewayCapture
}

/** What a request is answered with. */
interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: object
  readonly pieces?: AsyncIterable<string>
}

const COMPLETION = { object: 'chat.completion', created: 1, model: 'gpt-4o-2024-08-06' }
const USAGE = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 }
const refusal = (status: number, type: string, code: string): Answer => ({
  status,
  json: { error: { message: `no: ${code}`, type, code } },
})
const piece = (value: object): string => `data: ${JSON.stringify(value)}\n\n`
let answers = 0

/** One gateway in plain words; the frameworks below only carry it. */
async function answerTo(key: string | null, body: unknown, path: string, request: object): Promise<Answer> {
  if (key === null) return refusal(401, 'authentication_error', 'no_key')
  if (key === 'Bearer spent') return refusal(429, 'requests', 'rate_limit_exceeded')
  if (key === 'Bearer banned') return refusal(403, 'permission_error', 'banned')
  const { model, stream } = body as { readonly model?: string; readonly stream?: boolean }
  if (model === undefined) return refusal(400, 'invalid_request_error', 'no_model')
  if (model === 'throws') throw new Error('a handler failed')
  const tags = { route: path, ...activeSpan() }
  exchangeOf(request).add({ backend: 'gpu-2', routingMethod: 'latency', routingConfidence: 0.9, tags })
  const id = `answer-${++answers}`
  if (path.endsWith('/messages')) return { status: 200, json: message(id) }
  if (stream !== true)
    return {
      status: 200,
      json: {
        ...{ id, ...COMPLETION },
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
        usage: USAGE,
      },
    }
  return { status: 200, headers: { 'content-type': 'text/event-stream' }, pieces: pieces(model, id) }
}

/** What a client that the handler calls would be a part of. */
function activeSpan(): { readonly within?: string } {
  const within = trace.getActiveSpan()?.spanContext().spanId
  return within === undefined ? {} : { within }
}

const message = (id: string): object => ({
  ...{ id, type: 'message', role: 'assistant', model: 'claude-opus-4-6' },
  content: [{ type: 'text', text: 'Hi' }],
  ...{ stop_reason: 'end_turn', stop_sequence: null },
  usage: { input_tokens: 10, cache_read_input_tokens: 90, cache_creation_input_tokens: 0, output_tokens: 5 },
})

async function* pieces(model: string, id: string): AsyncGenerator<string> {
  const chunk = { id, ...COMPLETION, object: 'chat.completion.chunk' }
  yield piece({ ...chunk, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' }, finish_reason: null }] })
  if (model === 'waits') await setTimeout(60_000, undefined, { ref: false })
  await setTimeout(20)
  if (model === 'breaks') throw Object.assign(new Error('upstream is gone'), { code: 'ECONNRESET' })
  yield piece({ ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
  yield piece({ ...chunk, choices: [], usage: USAGE })
  yield 'data: [DONE]\n\n'
}

async function listening(server: Server): Promise<Gateway> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return gatewayOf(server)
}

const gatewayOf = (server: Server): Gateway => ({
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  close: () =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    }),
})

const NAMES = { agentId: 'agent_7', apiKeyLabel: 'of the test', tags: { team: 'search' } }

export function honoApp({ capture }: GatewayOptions): Hono {
  const app = new Hono()
  if (capture !== undefined)
    app.use(
      captureHono({ ...capture, names: (c: Context) => ({ ...NAMES, userId: c.req.header('x-user') ?? 'nobody' }) }),
    )
  app.get('/v1/models', (c) => c.json({ data: [] }))
  app.post('/v1/*', async (c) => {
    const key = c.req.header('authorization') ?? c.req.header('x-api-key') ?? null
    const body = key === null ? undefined : await c.req.json()
    const { status, headers = {}, json, pieces: stream } = await answerTo(key, body, c.req.path, c)
    return stream === undefined
      ? c.json(json as object, status as 200, { ...headers })
      : c.body(Readable.toWeb(Readable.from(stream, { objectMode: false })) as ReadableStream, status as 200, {
          ...headers,
        })
  })
  app.onError((error, c) => c.json({ error: { message: error.message, type: 'server_error' } }, 500))
  return app
}

async function hono(options: GatewayOptions): Promise<Gateway> {
  const server = await new Promise<Server>((resolve) => {
    const started = serve({ fetch: honoApp(options).fetch, port: 0, hostname: '127.0.0.1' }, () =>
      resolve(started as Server),
    )
  })
  return gatewayOf(server)
}

async function inExpress({ capture }: GatewayOptions): Promise<Gateway> {
  const app = express()
  if (capture !== undefined)
    app.use(
      captureExpress<express.Request>({
        ...capture,
        names: (request) => ({ ...NAMES, userId: request.get('x-user') ?? 'nobody' }),
      }),
    )
  app.use(express.json({ limit: '10mb' }))
  app.get('/v1/models', (_, response) => void response.json({ data: [] }))
  app.post('/v1/{*rest}', async (request, response, next) => {
    const key = request.get('authorization') ?? request.get('x-api-key') ?? null
    const { status, headers = {}, json, pieces: stream } = await answerTo(key, request.body, request.path, request)
    if (stream === undefined) return void response.status(status).set(headers).json(json)
    response.writeHead(status, headers)
    try {
      for await (const each of stream) response.write(each)
      response.end()
    } catch (error) {
      response.destroy(error as Error)
      next()
    }
  })
  app.use((error: Error, _: express.Request, response: express.Response, next: express.NextFunction) => {
    if (response.headersSent) return void next(error)
    response.status(500).json({ error: { message: error.message, type: 'server_error' } })
  })
  return listening(createServer(app as RequestListener))
}

async function inFastify({ capture }: GatewayOptions): Promise<Gateway> {
  const server = fastify()
  if (capture !== undefined)
    await server.register(
      captureFastify({
        ...capture,
        names: (request) => ({ ...NAMES, userId: String(request.raw.headers['x-user'] ?? 'nobody') }),
      }),
    )
  server.get('/v1/models', () => ({ data: [] }))
  server.post('/v1/*', async (request, reply) => {
    const key = request.headers.authorization ?? request.headers['x-api-key'] ?? null
    const path = request.url
    const {
      status,
      headers = {},
      json,
      pieces: stream,
    } = await answerTo(key as string | null, request.body, path, request)
    reply.code(status).headers(headers)
    return reply.send(stream === undefined ? json : Readable.from(stream, { objectMode: false }))
  })
  server.setErrorHandler((error: Error, _, reply) => {
    reply.code(500).send({ error: { message: error.message, type: 'server_error' } })
  })
  await server.listen({ port: 0, host: '127.0.0.1' })
  return gatewayOf(server.server)
}

export const GATEWAYS = { hono, express: inExpress, fastify: inFastify } as const
