import { request as httpRequest } from 'node:http'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exchange } from '../http/testing/raw.ts'
import { CHAT, completion, JSON_TYPE, openProxied, type Proxied, send } from './testing/proxied.ts'

/** P-4: the rest of HTTP. */
let proxied: Proxied
beforeAll(async () => {
  proxied = await openProxied()
})
afterAll(() => proxied.close())

const PATH = '/proxy/up/v1/files'
const raw = (lines: readonly string[], body = ''): Promise<string> =>
  exchange(
    proxied.port,
    `${[...lines, `Host: 127.0.0.1:${proxied.port}`, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`,
    {
      half: true,
    },
  )

describe('an answer', () => {
  it('keeps its trailers', async () => {
    proxied.standIn.answer = (request, response) => {
      request.resume()
      response.writeHead(200, { trailer: 'x-checksum' })
      response.write('part')
      response.addTrailers({ 'x-checksum': 'abc' })
      response.end()
    }
    const { trailers, headers, body } = await send(`${proxied.url}${PATH}`, {
      method: 'GET',
      headers: { te: 'trailers' },
    })
    expect(headers.trailer).toBe('x-checksum')
    expect(body.toString()).toBe('part')
    expect(trailers['x-checksum']).toBe('abc')
  })

  it('to HEAD has the headers of GET and no body; 204 and 304 have none', async () => {
    proxied.standIn.answer = (request, response) => {
      const status = Number(new URL(request.url ?? '', 'http://x').searchParams.get('status'))
      response.writeHead(status, { 'content-length': '1234', etag: '"e"' })
      response.end()
    }
    const { status, headers, body } = await send(`${proxied.url}${PATH}?status=200`, { method: 'HEAD' })
    expect([status, headers['content-length'], headers.etag, body.length]).toEqual([200, '1234', '"e"', 0])
    const notModified = await send(`${proxied.url}${PATH}?status=304`, { method: 'GET' })
    expect([notModified.status, notModified.headers['content-length'], notModified.body.length]).toEqual([
      304,
      '1234',
      0,
    ])
    proxied.standIn.answer = (_, response) => {
      response.writeHead(204)
      response.end()
    }
    const empty = await send(`${proxied.url}${PATH}`, { method: 'DELETE' })
    expect([empty.status, empty.headers['content-length'], empty.headers['transfer-encoding']]).toEqual([
      204,
      undefined,
      undefined,
    ])
  })

  it('has its own status line, date, repeated headers and nothing of ours; cookies stay behind', async () => {
    proxied.standIn.answer = (_, response) => {
      response.sendDate = false
      response.writeHead(299, 'Quite Fine', ['X-A', '1', 'x-a', '2', 'Set-Cookie', 'a=b', 'X-Bytes', 'caf\xe9'])
      response.end('x')
    }
    const answer = await raw([`GET ${PATH} HTTP/1.1`])
    const lines = answer.slice(0, answer.indexOf('\r\n\r\n')).split('\r\n')
    expect(lines).toEqual([
      'HTTP/1.1 299 Quite Fine',
      'X-A: 1',
      'x-a: 2',
      'X-Bytes: caf\xe9',
      'Connection: close',
      'Transfer-Encoding: chunked',
    ])
  })

  it('may be announced: 103 passes, 100 is said by the proxy', async () => {
    proxied.standIn.answer = (request, response) => {
      request.resume()
      request.on('end', () => {
        response.writeEarlyHints({ link: '</a>; rel=preload', 'x-early': '1' })
        response.end('late')
      })
    }
    const informed: number[] = []
    let continued = false
    let early = ''
    const body = await new Promise<string>((resolve, reject) => {
      const outgoing = httpRequest(`${proxied.url}${PATH}`, {
        method: 'POST',
        headers: { expect: '100-continue', 'content-length': '3' },
      })
      outgoing.on('continue', () => {
        continued = true
        outgoing.end('abc')
      })
      outgoing.on('information', ({ statusCode, headers }) => {
        informed.push(statusCode)
        if (statusCode === 103) early = String(headers['x-early'])
      })
      outgoing.on('response', (incoming) => {
        let text = ''
        incoming.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
        })
        incoming.on('end', () => resolve(text))
      })
      outgoing.on('error', reject)
      outgoing.flushHeaders()
    })
    expect({ body, continued, informed, early }).toEqual({
      body: 'late',
      continued: true,
      informed: [100, 103],
      early: '1',
    })
  })

  it('that comes before all of the request was sent is there for the client', async () => {
    proxied.standIn.answer = (_, response) => {
      response.writeHead(413, JSON_TYPE)
      response.end('{"error":{"message":"too much"}}')
    }
    const answer = await new Promise<number>((resolve, reject) => {
      const outgoing = httpRequest(`${proxied.url}${CHAT}`, {
        method: 'POST',
        headers: { 'content-length': '99999999' },
      })
      outgoing.on('response', (incoming) => {
        incoming.resume()
        resolve(incoming.statusCode ?? 0)
      })
      outgoing.on('error', reject)
      outgoing.write(Buffer.alloc(64 * 1024, 0x20))
    })
    expect(answer).toBe(413)
  })
})

describe('connections to an upstream', () => {
  it('are kept: fifty requests one after the other use one, and fifty at once leave some for the next', async () => {
    const here = await openProxied()
    try {
      let connections = 0
      here.standIn.server.on('connection', () => connections++)
      let number = 0
      here.standIn.answer = (request, response) => {
        request.resume()
        request.on('end', () => {
          response.writeHead(200, JSON_TYPE)
          response.end(completion(`kept-${number++}`))
        })
      }
      const ask = (): Promise<{ readonly status: number }> =>
        send(`${here.url}${CHAT}`, { headers: JSON_TYPE, body: '{"model":"gpt-4o"}' })
      for (let count = 0; count < 50; count++) expect((await ask()).status).toBe(200)
      expect(connections).toBe(1)
      await Promise.all(Array.from({ length: 50 }, ask))
      const opened = connections
      expect(opened).toBeGreaterThan(1)
      expect(opened).toBeLessThanOrEqual(50)
      for (let count = 0; count < 10; count++) await ask()
      expect(connections).toBe(opened)
      expect(await here.events()).toHaveLength(110)
    } finally {
      await here.close()
    }
  })
})

describe('a request', () => {
  it('keeps its body to the byte: with a length, in chunks, compressed, with trailers, and large', async () => {
    const got: { body: Buffer; headers: NodeJS.Dict<string | string[]>; trailers: NodeJS.Dict<string> }[] = []
    proxied.standIn.answer = async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      got.push({ body: Buffer.concat(chunks), headers: request.headers, trailers: request.trailers })
      response.end()
    }
    const large = Buffer.alloc(12 * 1024 * 1024, 'prompt ')
    await send(`${proxied.url}${PATH}`, { body: '{"a":1}', headers: { 'content-length': '7' } })
    await send(`${proxied.url}${PATH}`, { body: gzipSync('{"a":2}'), headers: { 'content-encoding': 'gzip' } })
    await send(`${proxied.url}${PATH}`, { body: large, headers: { 'transfer-encoding': 'chunked' } })
    await raw([`POST ${PATH} HTTP/1.1`, 'Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n')
    await raw([`DELETE ${PATH} HTTP/1.1`, 'Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n')
    await raw([`POST ${PATH} HTTP/1.1`])
    await raw([`GET ${PATH} HTTP/1.1`, 'Content-Length: 2'], '{}')
    expect(got.map(({ body }) => body.length)).toEqual([7, gzipSync('{"a":2}').length, large.length, 3, 3, 0, 2])
    expect(got[0]?.headers['content-length']).toBe('7')
    expect(gunzipSync(got[1]?.body as Buffer).toString()).toBe('{"a":2}')
    expect(got[1]?.headers['content-encoding']).toBe('gzip')
    expect(got[2]?.body.equals(large)).toBe(true)
    expect(got[3]?.trailers['x-sum']).toBe('1')
    expect(got[4]?.headers['transfer-encoding']).toBe('chunked')
    expect(got[5]?.headers['content-length']).toBe('0')
  })

  it('for another protocol is refused where that is a WebSocket, and taken as HTTP where HTTP/2 is offered', async () => {
    proxied.standIn.answer = (request, response) => response.end(String(request.headers.upgrade))
    const offer = (protocol: string): readonly string[] => [
      `GET /proxy/up/v1/realtime HTTP/1.1`,
      `Host: 127.0.0.1:${proxied.port}`,
      'Connection: Upgrade, close',
      `Upgrade: ${protocol}`,
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    ]
    const refused = await exchange(proxied.port, `${offer('websocket').join('\r\n')}\r\n\r\n`)
    expect(refused).toMatch(/^HTTP\/1.1 501 /)
    expect(refused).toContain('upgrade_refused')
    expect(await exchange(proxied.port, `${offer('h2c').join('\r\n')}\r\n\r\n`, { half: true })).toContain('undefined')
  })

  it('that no model answers is carried and not recorded', async () => {
    proxied.standIn.answer = (_, response) => response.end('{"data":[]}')
    const before = (await proxied.events()).length
    await send(`${proxied.url}/proxy/up/v1/models`, { method: 'GET' })
    await send(`${proxied.url}/proxy/up/v1/files`, { body: 'x' })
    await send(`${proxied.url}/proxy/up`, { method: 'GET' })
    expect(await proxied.events()).toHaveLength(before)
  })

  it('says who asks, in names that fit; what does not is left out and the request goes on', async () => {
    proxied.standIn.answer = (request, response) => {
      request.resume()
      response.writeHead(200, JSON_TYPE)
      response.end(completion(`named-${request.headers['n']}`))
    }
    await send(`${proxied.url}${CHAT}`, {
      headers: {
        n: '1',
        'x-tallystick-agent': '42',
        'x-tallystick-user': Buffer.from('zoë').toString('latin1'),
        'x-tallystick-session': 's-1',
        'x-tallystick-operation': 'op-1',
        'x-tallystick-tags': 'team=search, note=a%2Cb%3Dc ,empty,__proto__=x,=y',
      },
      body: '{"model":"gpt-4o"}',
    })
    await send(`${proxied.url}${CHAT}`, {
      headers: {
        n: '2',
        'x-tallystick-agent': 'a'.repeat(129),
        'x-tallystick-tags': `t=${'x'.repeat(2000)}`,
        'idempotency-key': 'k-1',
      },
      body: '{"model":"gpt-4o"}',
    })
    const [first, second] = (await proxied.events()).filter(({ event_id: id }) => String(id).startsWith('named-'))
    expect(first).toMatchObject({
      agent_id: 'agent_42',
      user_id: 'zoë',
      session_id: 's-1',
      operation_id: 'op-1',
      tags: { team: 'search', note: 'a,b=c' },
    })
    expect(Object.entries(first?.['tags'] ?? {})).toContainEqual(['__proto__', 'x'])
    expect(second).toMatchObject({ operation_id: 'k-1' })
    expect(second).not.toHaveProperty('agent_id')
  })
})
