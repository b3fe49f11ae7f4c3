import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { type Connector, createConnector } from './connector.ts'
import { readUpstreams } from './upstream.ts'

let server: Server
let connector: Connector
let opened: Socket[]

async function serve(listener: RequestListener, options: object = {}): Promise<void> {
  opened = []
  server = createServer({ keepAliveTimeout: 60_000, ...options }, listener)
  server.on('connection', (socket: Socket) => opened.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const upstream = readUpstreams({ entries: [`up=http://127.0.0.1:${port} private`] }).get('up')
  if (upstream === undefined) throw new Error('no upstream')
  connector = createConnector(upstream, { idleMs: 60_000 })
}
afterEach(async () => {
  connector.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const ask = (): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = connector.request('POST', '/v1/chat/completions', ['Host', 'up', 'Content-Length', '2'])
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      incoming.resume()
      // After the end, as the connection is free a moment later.
      incoming.on('end', () => setImmediate(() => resolve(incoming)))
    })
    outgoing.end('{}')
  })
const ok: RequestListener = (request, response) => {
  request.resume()
  request.on('end', () => response.end('{}'))
}

it('requests one after the other use one connection, those at once one each, which the next use', async () => {
  await serve(ok)
  for (let index = 0; index < 50; index++) await ask()
  expect(opened).toHaveLength(1)
  await Promise.all(Array.from({ length: 8 }, ask))
  expect(opened).toHaveLength(8)
  await Promise.all(Array.from({ length: 8 }, ask))
  expect(opened).toHaveLength(8)
})

it('a connection that the upstream has closed meanwhile is not used again', async () => {
  await serve(ok)
  await ask()
  opened[0]?.destroy()
  await vi.waitFor(async () => {
    await ask()
    expect(opened).toHaveLength(2)
  })
})

it('a connection is kept no longer than the upstream says it will', async () => {
  // `Keep-Alive: timeout=1` leaves no time to be sure of it.
  await serve(ok, { keepAliveTimeout: 1_000 })
  for (let index = 0; index < 3; index++) await ask()
  expect(opened).toHaveLength(3)
})

it('an upstream that closes after each answer gets a connection for each request', async () => {
  await serve((request, response) => {
    response.setHeader('connection', 'close')
    ok(request, response)
  })
  for (let index = 0; index < 3; index++) await ask()
  expect(opened).toHaveLength(3)
})

it('a request that is given up takes its connection with it', async () => {
  let gone = 0
  await serve((request, response) => {
    request.resume()
    response.on('close', () => gone++)
  })
  const outgoing = connector.request('POST', '/', ['Host', 'up', 'Content-Length', '2'])
  outgoing.on('error', () => undefined)
  outgoing.end('{}')
  await vi.waitFor(() => expect(opened).toHaveLength(1))
  outgoing.destroy()
  await vi.waitFor(() => expect(gone).toBe(1))
})

it('closing ends every connection, used or free', async () => {
  await serve((request, response) => {
    request.resume()
    if (request.url !== '/hang') ok(request, response)
  })
  await ask()
  const outgoing = connector.request('POST', '/hang', ['Host', 'up', 'Content-Length', '0'])
  const failed = new Promise((resolve) => outgoing.on('error', resolve))
  outgoing.end()
  await vi.waitFor(() => expect(server.listening && opened.length).toBe(1))
  connector.close()
  await failed
  await vi.waitFor(() => expect(opened.every(({ destroyed }) => destroyed)).toBe(true))
})
