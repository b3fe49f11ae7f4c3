import { createServer as createNetServer, type LookupFunction, type Server } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { dial, exchange, until } from '../http/testing/raw.ts'
import { mintKey } from '../identity/api-key.ts'
import { openTallystick } from '../open.ts'
import { createProxy } from './proxy.ts'
import {
  CHAT,
  completion,
  JSON_TYPE,
  openProxied,
  openStandIn,
  type Proxied,
  type StandIn,
  send,
} from './testing/proxied.ts'
import { readUpstreams } from './upstream.ts'

let proxied: Proxied
/** Somebody else's server: nothing may ever get here. */
let stranger: StandIn
const strangers: string[] = []
const got: { readonly url: string; readonly headers: NodeJS.Dict<string | string[]>; readonly body: string }[] = []

beforeAll(async () => {
  stranger = await openStandIn((request, response) => {
    strangers.push(String(request.url))
    response.end('{}')
  })
  proxied = await openProxied({
    proxy: { entries: ['keyed=STAND_IN provider=openai private'], keys: 'keyed=sk-operator' },
  })
  proxied.standIn.answer = async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    got.push({ url: String(request.url), headers: request.headers, body })
    response.writeHead(200, JSON_TYPE)
    response.end(completion(`a-${got.length}`))
  }
})
afterEach(() => {
  expect(strangers).toEqual([])
  got.length = 0
})
afterAll(async () => {
  await proxied.close()
  await stranger.close()
})

describe('P-1: nothing in a request says where it goes', () => {
  const evil = (): string => new URL(stranger.url).host

  it.each([
    ['x-forwarded-host'],
    ['x-original-url'],
    ['x-portkey-custom-host'],
    ['x-base-url'],
    ['forwarded'],
    ['x-upstream'],
    ['helicone-target-url'],
    ['x-tallystick-upstream'],
  ])('not the header %s', async (name) => {
    const { status } = await send(`${proxied.url}${CHAT}`, {
      headers: { ...JSON_TYPE, [name]: stranger.url },
      body: '{}',
    })
    expect(status).toBe(200)
    expect(got).toHaveLength(1)
  })

  it.each(['api_base', 'base_url', 'baseUrl', 'custom_host', 'endpoint', 'url', 'model'])(
    'not the member %s of the body, nor a parameter of that name',
    async (name) => {
      const { status } = await send(`${proxied.url}${CHAT}?${name}=${encodeURIComponent(stranger.url)}`, {
        headers: JSON_TYPE,
        body: JSON.stringify({ [name]: stranger.url }),
      })
      expect(status).toBe(200)
      expect(got).toHaveLength(1)
    },
  )

  it('not an absolute target, nor a Host header, nor the name of an upstream', async () => {
    const ask = (target: string, host: string): Promise<string> =>
      exchange(
        proxied.port,
        `POST ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
        {
          half: true,
        },
      )
    const here = `127.0.0.1:${proxied.port}`
    expect(await ask(`${stranger.url}/v1/chat/completions`, here)).toMatch(/^HTTP\/1.1 4\d\d/)
    expect(await ask(`http://${here}${CHAT}`, evil())).toMatch(/^HTTP\/1.1 4\d\d/)
    expect(await ask(CHAT, 'evil.example.com')).toMatch(/^HTTP\/1.1 421/)
    for (const name of [
      evil(),
      `up@${evil()}`,
      encodeURIComponent(stranger.url),
      '__proto__',
      'constructor',
      '',
      'UP',
      'up%00',
    ]) {
      const answer = await ask(`/proxy/${name}/v1/chat/completions`, here)
      expect(answer, name).toMatch(/^HTTP\/1.1 40[04]/)
    }
    expect(await ask(`/proxy/up//${evil()}/x`, here)).toMatch(/^HTTP\/1.1 200/)
    expect(got.map(({ url }) => url)).toEqual([`//${evil()}/x`])
  })

  it('no way leads out of the path of an upstream', async () => {
    for (const path of ['/..', '/../x', '/v1/..%2fx', '/v1/%2e%2e/x', '/%2E./x', '/v1/.%2e', '/..\\x', '/a/./b']) {
      const answer = await exchange(
        proxied.port,
        `GET /proxy/up${path} HTTP/1.1\r\nHost: 127.0.0.1:${proxied.port}\r\nConnection: close\r\n\r\n`,
        { half: true },
      )
      expect(answer, path).toMatch(/^HTTP\/1.1 400/)
    }
    expect(got).toHaveLength(0)
  })

  it("the operator's key goes to its own upstream, in place of the client's, and nowhere else", async () => {
    const headers = { ...JSON_TYPE, authorization: 'Bearer sk-client', 'x-api-key': 'other', cookie: 'session=1' }
    await send(`${proxied.url}/proxy/keyed/v1/chat/completions?key=sk-client&alt=sse`, { headers, body: '{}' })
    await send(`${proxied.url}${CHAT}?key=k`, { headers, body: '{}' })
    expect(got[0]?.headers['authorization']).toBe('Bearer sk-operator')
    expect(got[0]?.headers['x-api-key']).toBeUndefined()
    expect(got[0]?.url).toBe('/v1/chat/completions?alt=sse')
    expect(got[1]?.headers['authorization']).toBe('Bearer sk-client')
    expect(got[1]?.url).toBe('/v1/chat/completions?key=k')
    for (const { headers: sent } of got) expect(sent['cookie']).toBeUndefined()
  })

  it('no page of another site may use it, and no answer becomes a page of ours', async () => {
    for (const headers of [
      { origin: 'https://evil.example.com' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-mode': 'navigate' },
      { host: 'evil.example.com' },
    ])
      expect((await send(`${proxied.url}/proxy/up/v1/models`, { method: 'GET', headers })).status).toBeGreaterThan(400)
    expect(got).toHaveLength(0)
  })
})

describe('P-2: what a name stands for is looked at, and that is what is connected to', () => {
  it('redirects are answers like any other', async () => {
    const before = proxied.standIn.answer
    proxied.standIn.answer = (request, response) => {
      request.resume()
      response.writeHead(307, { location: `${stranger.url}/stolen` })
      response.end()
    }
    const { status, headers } = await send(`${proxied.url}${CHAT}`, {
      headers: { authorization: 'Bearer k' },
      body: '{}',
    })
    expect(status).toBe(307)
    expect(headers.location).toBe(`${stranger.url}/stolen`)
    proxied.standIn.answer = before
  })

  it.each([
    ['10.0.0.8', '', 502],
    ['127.0.0.1', '', 502],
    ['169.254.169.254', '', 502],
    ['169.254.169.254', ' private', 502],
    ['::ffff:127.0.0.1', ' private', 502],
    ['fe80::1', ' private', 502],
    ['127.0.0.1', ' private', 200],
  ])('a name that stands for %s, listed as%s: %i', async (address, words, expected) => {
    const { port } = new URL(proxied.standIn.url)
    let asked = 0
    const lookup = ((_, options, callback) => {
      asked++
      // The second time it would be somebody else's.
      const found = { address: asked === 1 ? address : '127.0.0.2', family: address.includes(':') ? 6 : 4 }
      if (options.all) callback(null, [found])
      else callback(null, found.address, found.family)
    }) as LookupFunction
    const proxy = createProxy({
      upstreams: readUpstreams({ entries: [`named=http://llm.example.com:${port}${words}`] }),
      recorder: {
        record: () => undefined,
        settled: async () => undefined,
        counts: proxied.tallystick.proxyStats()?.recording as never,
      },
      keyHash: (key) => key,
      lookup,
    })
    const server = await openStandIn((request, response) => proxy.handle(request, response, {}))
    const { status, body, headers } = await send(`${server.url}/proxy/named/v1/chat/completions`, { body: '{}' })
    expect(status).toBe(expected)
    if (expected === 502) {
      expect(headers['x-tallystick-error']).toBe('upstream_refused')
      expect(body.toString()).not.toContain(address)
    }
    expect(asked).toBe(1)
    await proxy.close()
    await server.close()
  })

  it.each([
    'x=http://10.0.0.1',
    'x=http://169.254.169.254/latest',
    'x=http://2130706433',
    'x=http://0x7f.1',
    'x=http://[::ffff:127.0.0.1] private=yes',
    'x=http://[::ffff:a9fe:a9fe]',
    'x=unix:/var/run/docker.sock',
    'x=file:///etc/passwd',
    'x=ftp://example.com',
    'x=https://user:password@example.com',
    'x=https://example.com?key=1',
    'x=',
    'https://example.com',
    'X Y=https://example.com',
    '../x=https://example.com',
    'x=https://example.com publicly',
  ])('the configuration %s is refused', (entry) => {
    expect(() => readUpstreams({ entries: [entry] })).toThrowError(
      expect.objectContaining({
        code: 'invalid_config',
        issues: [expect.objectContaining({ path: 'proxy.upstreams[0]' })],
      }),
    )
  })

  it('takes what is right, and says of keys what is wrong with them and not what they are', () => {
    const upstreams = readUpstreams({
      entries: ['openai=https://eu.api.openai.com', 'vllm=http://10.0.0.5:8000/llm/ provider=OpenAI private'],
      keys: 'openai=sk-1, vllm=sk-2',
    })
    expect(upstreams.get('openai')).toMatchObject({ provider: 'openai', isPrivate: false, basePath: '' })
    expect(upstreams.get('vllm')).toMatchObject({ provider: 'openai', isPrivate: true, basePath: '/llm' })
    expect(upstreams.get('anthropic')?.origin.host).toBe('api.anthropic.com')
    for (const keys of ['nobody=sk-secret', 'sk-secret', 'openai=sk secret'])
      expect(() => readUpstreams({ keys })).toThrowError(
        expect.objectContaining({ message: expect.not.stringContaining('secret') }),
      )
  })
})

describe('P-3: nobody uses it who may not', () => {
  it('needs a key with the scope where there are keys, wherever it is shown, and sends it to nobody', async () => {
    const { tallystick, url } = proxied
    const made = [mintKey(), mintKey()]
    const rows = made.map(({ id, secretHash }, index) => ({
      table: 'keys' as const,
      id,
      row: { id, name: id, secretHash, scopes: [index === 0 ? 'ingest' : 'read'], createdMs: 1 } as never,
    }))
    await tallystick.state.write(rows)
    const [ingest, read] = made.map(({ text }) => text) as [string, string]
    const ask = async (headers: Record<string, string>): Promise<number> =>
      (await send(`${url}${CHAT}`, { headers: { ...JSON_TYPE, ...headers }, body: '{}' })).status
    try {
      expect(await ask({})).toBe(401)
      expect(await ask({ authorization: 'Bearer sk-provider' })).toBe(401)
      expect(await ask({ 'x-tallystick-key': 'tsk_wrong', authorization: 'Bearer sk-provider' })).toBe(401)
      expect(await ask({ 'x-tallystick-key': read })).toBe(403)
      expect(await ask({ cookie: 'tallystick_session=x' })).toBe(401)
      expect(got).toHaveLength(0)
      expect(await ask({ 'x-tallystick-key': ingest, authorization: 'Bearer sk-provider' })).toBe(200)
      expect(await ask({ authorization: `Bearer ${ingest}` })).toBe(200)
      expect(await ask({ 'x-api-key': ingest })).toBe(200)
      expect(await ask({ 'x-goog-api-key': ingest })).toBe(200)
      expect(got).toHaveLength(4)
      expect(got[0]?.headers['authorization']).toBe('Bearer sk-provider')
      expect(JSON.stringify(got)).not.toContain(ingest)
      const refusal = await send(`${url}${CHAT}`, { body: '{}' })
      expect(JSON.parse(refusal.body.toString())).toMatchObject({
        error: { type: 'authentication_error', code: 'unauthorized' },
        tallystick: { code: 'unauthorized' },
      })
    } finally {
      // A key that was revoked would keep the server closed for the tests that follow.
      await tallystick.state.write(rows.map(({ table, id }) => ({ table, id, row: undefined })))
    }
  })

  it('is closed where other machines can reach it, and is not served there without a key', async () => {
    const other = await openTallystick({ dataDir: '/nonexistent', store: 'memory:', proxy: {} })
    try {
      await expect(other.listen({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'invalid_config' })
    } finally {
      await other.close()
    }
  })

  it('is not there where it is switched off', async () => {
    const other = await openTallystick({ dataDir: '/nonexistent', store: 'memory:' })
    const { url } = await other.listen()
    expect((await send(`${url}/proxy/openai/v1/chat/completions`, { body: '{}' })).status).toBe(404)
    await other.close()
  })
})

/** What each is, and how it is answered without a proxy too: refused, or taken by one side as by the other. */
const head = (lines: readonly string[], body = ''): string => `${lines.join('\r\n')}\r\n\r\n${body}`
const POST = 'POST PATH HTTP/1.1'
const HOST = 'Host: HOST'
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
const CORPUS: readonly (readonly [string, string])[] = [
  ['two lengths', head([POST, HOST, 'Content-Length: 2', 'Content-Length: 3'], '{}')],
  ['the same length twice', head([POST, HOST, 'Content-Length: 2', 'Content-Length: 2'], '{}')],
  ['a list of lengths', head([POST, HOST, 'Content-Length: 2, 2'], '{}')],
  [
    'a length and chunks',
    head([POST, HOST, 'Content-Length: 2', 'Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`),
  ],
  [
    'chunks and a length',
    head([POST, HOST, 'Transfer-Encoding: chunked', 'Content-Length: 2'], `0\r\n\r\n${SMUGGLED}`),
  ],
  ['a length with a sign', head([POST, HOST, 'Content-Length: +2'], '{}')],
  ['a negative length', head([POST, HOST, 'Content-Length: -2'], '{}')],
  ['a length in hex', head([POST, HOST, 'Content-Length: 0x2'], '{}')],
  ['an endless length', head([POST, HOST, 'Content-Length: 99999999999999999999'], '{}')],
  ['a length with a space in it', head([POST, HOST, 'Content-Length: 1 1'], '{}')],
  ['an empty length', head([POST, HOST, 'Content-Length: '], '{}')],
  ['a space before the colon', head([POST, HOST, 'Content-Length : 2'], '{}')],
  ['a space before a name', head([POST, HOST, ' Content-Length: 2'], '{}')],
  ['a tab before the colon', head([POST, HOST, 'Transfer-Encoding\t: chunked'], `0\r\n\r\n${SMUGGLED}`)],
  ['chunked in disguise: xchunked', head([POST, HOST, 'Transfer-Encoding: xchunked'], `0\r\n\r\n${SMUGGLED}`)],
  ['chunked in disguise: quoted', head([POST, HOST, 'Transfer-Encoding: "chunked"'], `0\r\n\r\n${SMUGGLED}`)],
  ['chunked in disguise: a vertical tab', head([POST, HOST, 'Transfer-Encoding: \x0bchunked'], `0\r\n\r\n${SMUGGLED}`)],
  ['chunked and then something', head([POST, HOST, 'Transfer-Encoding: chunked, identity'], `0\r\n\r\n${SMUGGLED}`)],
  ['chunked twice', head([POST, HOST, 'Transfer-Encoding: chunked, chunked'], `0\r\n\r\n${SMUGGLED}`)],
  ['two codings', head([POST, HOST, 'Transfer-Encoding: gzip, chunked'], `0\r\n\r\n${SMUGGLED}`)],
  [
    'two headers of codings',
    head([POST, HOST, 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], `0\r\n\r\n${SMUGGLED}`),
  ],
  ['identity', head([POST, HOST, 'Transfer-Encoding: identity'], SMUGGLED)],
  ['a folded header', head([POST, HOST, 'X-A: b', ' c: d', 'Content-Length: 2'], '{}')],
  ['folded codings', head([POST, HOST, 'Transfer-Encoding:', ' chunked'], `0\r\n\r\n${SMUGGLED}`)],
  ['bare line feeds', `${POST}\n${HOST}\nContent-Length: 2\n\n{}`],
  ['a bare line feed in the head', `${POST}\r\n${HOST}\nX: y\r\nContent-Length: 2\r\n\r\n{}`],
  ['a bare carriage return', `${POST}\r\n${HOST}\r\nX: a\rY: b\r\nContent-Length: 2\r\n\r\n{}`],
  ['a NUL in a value', head([POST, HOST, 'X-A: a\0b', 'Content-Length: 2'], '{}')],
  ['a NUL in a name', head([POST, HOST, 'X\0A: b', 'Content-Length: 2'], '{}')],
  ['no name', head([POST, HOST, ': b', 'Content-Length: 2'], '{}')],
  ['no colon', head([POST, HOST, 'X-A', 'Content-Length: 2'], '{}')],
  ['a name with a bracket', head([POST, HOST, 'X[A]: b', 'Content-Length: 2'], '{}')],
  ['no version', 'GET PATH\r\n\r\n'],
  ['version 0.9', head(['GET PATH HTTP/0.9', HOST])],
  ['version 2.0', head(['GET PATH HTTP/2.0', HOST])],
  ['version 1.9', head(['GET PATH HTTP/1.9', HOST])],
  ['lower case', head(['post PATH http/1.1', HOST, 'Content-Length: 2'], '{}')],
  ['an unknown method', head(['FROB PATH HTTP/1.1', HOST, 'Content-Length: 2'], '{}')],
  ['CONNECT', head(['CONNECT evil.example.com:443 HTTP/1.1', HOST])],
  ['no Host', head([POST, 'Content-Length: 2'], '{}')],
  ['two Hosts', head([POST, HOST, 'Host: evil.example.com', 'Content-Length: 2'], '{}')],
  ['an empty Host', head([POST, 'Host: ', 'Content-Length: 2'], '{}')],
  ['a Host with a path', head([POST, 'Host: HOST/x', 'Content-Length: 2'], '{}')],
  ['a Host with a user', head([POST, 'Host: a@HOST', 'Content-Length: 2'], '{}')],
  ['another absolute target', head(['POST http://evil.example.com/x HTTP/1.1', HOST, 'Content-Length: 2'], '{}')],
  ['a space in the target', head(['POST PATH x HTTP/1.1', HOST, 'Content-Length: 2'], '{}')],
  ['a target without a slash', head(['POST proxy/up/x HTTP/1.1', HOST, 'Content-Length: 2'], '{}')],
  ['a fragment', head(['POST PATH#x HTTP/1.1', HOST, 'Content-Length: 2'], '{}')],
  ['raw bytes in the target', head(['POST PATH\xff HTTP/1.1', HOST, 'Content-Length: 2'], '{}')],
  ['a head of 64 KiB', head([POST, HOST, `X-A: ${'a'.repeat(64 * 1024)}`, 'Content-Length: 2'], '{}')],
  ['a chunk size that is none', head([POST, HOST, 'Transfer-Encoding: chunked'], 'zz\r\n{}\r\n0\r\n\r\n')],
  ['a chunk size with a sign', head([POST, HOST, 'Transfer-Encoding: chunked'], '-2\r\n{}\r\n0\r\n\r\n')],
  ['a chunk size with 0x', head([POST, HOST, 'Transfer-Encoding: chunked'], '0x2\r\n{}\r\n0\r\n\r\n')],
  [
    'a chunk size past all bounds',
    head([POST, HOST, 'Transfer-Encoding: chunked'], 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n'),
  ],
  ['a chunk that is longer than it says', head([POST, HOST, 'Transfer-Encoding: chunked'], '1\r\n{}\r\n0\r\n\r\n')],
  ['a chunk that ends in a line feed', head([POST, HOST, 'Transfer-Encoding: chunked'], '2\n{}\n0\n\n')],
  [
    'an extension of 20 KiB',
    head([POST, HOST, 'Transfer-Encoding: chunked'], `2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
  ],
  ['a line break in an extension', head([POST, HOST, 'Transfer-Encoding: chunked'], `2;a\nb\r\n{}\r\n0\r\n\r\n`)],
  ['a trailer that is a length', head([POST, HOST, 'Transfer-Encoding: chunked'], `0\r\nContent-Length: 5\r\n\r\n`)],
  ['Connection: content-length', head([POST, HOST, 'Content-Length: 2', 'Connection: content-length'], '{}')],
  [
    'Connection: transfer-encoding',
    head([POST, HOST, 'Transfer-Encoding: chunked', 'Connection: transfer-encoding'], '2\r\n{}\r\n0\r\n\r\n'),
  ],
  ['Connection: host', head([POST, HOST, 'Content-Length: 2', 'Connection: host'], '{}')],
  ['GET with chunks', head(['GET PATH HTTP/1.1', HOST, 'Transfer-Encoding: chunked'], `2\r\n{}\r\n0\r\n\r\n`)],
  [
    'DELETE with chunks',
    head(
      ['DELETE PATH HTTP/1.1', HOST, 'Transfer-Encoding: chunked'],
      `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    ),
  ],
  ['HTTP/1.0 with chunks', head(['POST PATH HTTP/1.0', HOST, 'Transfer-Encoding: chunked'], `2\r\n{}\r\n0\r\n\r\n`)],
]

describe(`I-6, P-8: ${CORPUS.length} requests that two servers might read differently`, () => {
  /** An upstream that sees every byte: whatever gets to it must be one request, well formed. */
  let raw: Server
  let bytes = ''
  let requests = 0
  let here: Proxied

  beforeAll(async () => {
    raw = createNetServer((socket) => {
      socket.setEncoding('latin1')
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        bytes += String(chunk)
        const end = bytes.indexOf('\r\n\r\n')
        const head = end < 0 ? '' : bytes.slice(0, end + 2).toLowerCase()
        const length = Number(/\r\ncontent-length: (\d+)\r\n/.exec(head)?.[1] ?? 0)
        const isWhole = head.includes('transfer-encoding: chunked')
          ? bytes.endsWith('0\r\n\r\n')
          : end >= 0 && bytes.length >= end + 4 + length
        if (!isWhole) return
        requests++
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
      })
    })
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve))
    const { port } = raw.address() as { port: number }
    here = await openProxied({ proxy: { entries: [`raw=http://127.0.0.1:${port} provider=openai private`] } })
  })
  afterAll(async () => {
    await here.close()
    await new Promise<void>((resolve) => raw.close(() => resolve()))
  })

  it.each(CORPUS)('%s', async (name, text) => {
    expect(CORPUS.length).toBeGreaterThanOrEqual(60)
    bytes = ''
    requests = 0
    const here127 = `127.0.0.1:${here.port}`
    const request = text.replaceAll('PATH', '/proxy/raw/v1/chat/completions').replaceAll('HOST', here127)
    const direct = text.replaceAll('PATH', '/api/v1/events').replaceAll('HOST', here127)
    // Whatever it is, the connection is answered or closed, and the server is there for the next.
    await Promise.race([exchange(here.port, Buffer.from(direct, 'latin1').toString('latin1')), pause()])
    const answer = await Promise.race([exchange(here.port, request), pause()])
    expect(bytes, name).not.toContain('smuggled HTTP/1.1\r\nHost: x\r\n\r\nHTTP')
    if (bytes.includes('GET /smuggled')) {
      // As the body of one request, framed, and nothing else.
      expect(bytes).toMatch(/^DELETE .*\r\n(?:.*\r\n)*Transfer-Encoding: chunked\r\n/)
      expect(bytes.endsWith('0\r\n\r\n')).toBe(true)
    }
    expect(requests).toBeLessThanOrEqual(1)
    if (requests === 0) expect(answer === '' || /^HTTP\/1\.1 [45]\d\d /.test(answer), answer.slice(0, 100)).toBe(true)
    else {
      const lines = bytes.slice(0, bytes.indexOf('\r\n\r\n')).split('\r\n')
      const of = (header: string): number => lines.filter((line) => line.toLowerCase().startsWith(`${header}:`)).length
      expect(of('host')).toBe(1)
      expect(of('content-length') + of('transfer-encoding')).toBeLessThanOrEqual(1)
    }
    expect((await send(`${here.url}/healthz`, { method: 'GET' })).status).toBe(200)
  })

  it('headers of one connection, and those that are named as such, do not get to the next', async () => {
    bytes = ''
    const { socket } = await dial(here.port)
    const lines = [
      `GET /proxy/raw/v1/models HTTP/1.1`,
      `Host: 127.0.0.1:${here.port}`,
      'Connection: keep-alive, X-Secret, authorization',
      'Keep-Alive: timeout=5',
      'Proxy-Authorization: Basic x',
      'Proxy-Connection: keep-alive',
      'TE: trailers, deflate',
      'X-Secret: 1',
      'Authorization: Bearer k',
      'X-Tallystick-User: ada',
      'Accept-Encoding: gzip;q=1.0, br',
      'X-Twice: 1',
      'x-twice: 2',
    ]
    socket.write(head(lines))
    await until(() => requests > 0 && bytes.endsWith('\r\n\r\n'))
    socket.destroy()
    expect(bytes.split('\r\n').slice(1, -2)).toEqual([
      `Host: 127.0.0.1:${(raw.address() as { port: number }).port}`,
      'Accept-Encoding: gzip;q=1.0, br',
      'X-Twice: 1',
      'x-twice: 2',
      'TE: trailers',
      'Connection: keep-alive',
    ])
  })
})

const pause = (): Promise<string> => new Promise((resolve) => setTimeout(() => resolve(''), 400))
