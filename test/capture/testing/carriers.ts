import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import { serve } from '@hono/node-server'
import { captureExpress } from '@tallystick/core/capture/express'
import { captureFastify } from '@tallystick/core/capture/fastify'
import { captureHono } from '@tallystick/core/capture/hono'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { proxy } from 'hono/proxy'
import type { Gateway, GatewayCapture } from './gateways.ts'

type Open = (capture: GatewayCapture) => Promise<Gateway>

const gatewayOf = (server: Server): Gateway => ({
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  close: () =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    }),
})

const shapeOf = ({ headers }: IncomingMessage): Record<string, string> => ({
  'content-type': 'application/json',
  'x-shape': String(headers['x-shape']),
})

/** Gateways that hand each request on to a provider, in each framework in the way that is usual there. */
export function carrying(provider: string): Readonly<Record<'hono' | 'express' | 'fastify', Open>> {
  return {
    async hono(capture) {
      const app = new Hono()
      app.use(captureHono(capture))
      app.post('/v1/*', (c) => proxy(`${provider}${c.req.path}`, c.req))
      app.onError((error, c) => c.json({ error: { message: error.message } }, 502))
      const server = await new Promise<Server>((resolve) => {
        const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started as Server))
      })
      return gatewayOf(server)
    },
    async express(capture) {
      const app = express()
      app.use(captureExpress(capture), express.json({ limit: '10mb' }))
      app.post('/v1/{*rest}', async (request, response) => {
        const answer = await fetch(`${provider}${request.path}`, {
          ...{ method: 'POST', headers: shapeOf(request), body: JSON.stringify(request.body) },
        })
        response.status(answer.status).set('content-type', answer.headers.get('content-type') ?? 'text/plain')
        await pipeline(Readable.fromWeb(answer.body as NodeStream), response).catch(() => undefined)
      })
      const server = createServer(app as RequestListener)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return gatewayOf(server)
    },
    async fastify(capture) {
      const server = fastify()
      await server.register(captureFastify(capture))
      server.post('/v1/*', async (request, reply) => {
        const answer = await fetch(`${provider}${request.url}`, {
          ...{ method: 'POST', headers: shapeOf(request.raw), body: JSON.stringify(request.body) },
        })
        reply.code(answer.status).type(answer.headers.get('content-type') ?? 'text/plain')
        return reply.send(Readable.fromWeb(answer.body as NodeStream))
      })
      await server.listen({ port: 0, host: '127.0.0.1' })
      return gatewayOf(server.server)
    },
  }
}
