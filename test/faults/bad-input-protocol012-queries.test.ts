import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Answer, HttpClient } from './testing/http-client.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

const BASE = '/api/v1/analytics'
const QUERIES: readonly string[] = [
  `${BASE}/spending/total`,
  `${BASE}/spending/by-agent`,
  `${BASE}/spending/by-provider`,
  `${BASE}/spending/avg-per-request`,
  `${BASE}/budget/status`,
  `${BASE}/usage/requests`,
  `${BASE}/usage/tokens/by-agent`,
  `${BASE}/usage/models`,
  `${BASE}/events/list`,
  '/api/v1/usage/aggregate',
  '/api/usage/aggregate',
]
const PARAMETERS: readonly string[] = [
  'agent_id',
  'provider_id',
  'provider',
  'model',
  'period',
  'start',
  'end',
  'page',
  'per_page',
  'threshold',
  'status',
]

let folder: string
let dataDir: string
let server: ServerProcess
const client = new HttpClient()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bad-input-queries-'))
  dataDir = join(folder, 'data')
  const config = join(folder, 'config.json')
  writeFileSync(config, JSON.stringify({}))
  server = await ServerProcess.start(dataDir, ['--config', config])
  const answer = await client.post(`${server.url}${BASE}/events`, {
    ic_token: 'any',
    event_id: 'one',
    timestamp_ms: Date.now() - 60_000,
    event_type: 'llm_request_completed',
    model: 'gpt-4o-mini',
    provider: 'openai',
    input_tokens: 150,
    output_tokens: 50,
    cost_micros: 52,
    agent_id: 'agent_1',
  })
  expect(answer.status).toBe(202)
})

/** Whatever was asked: the process lives, and what it knows is what it knew. */
afterEach(async () => {
  expect(server.alive).toBe(true)
  const { json } = await get(`${BASE}/spending/total`)
  expect(json).toMatchObject({ total_requests: 1, total_spend_micros: 52 })
})

afterAll(async () => {
  client.close()
  await endServers()
  rmSync(folder, { recursive: true })
})

const get = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  client.call(server.url + path, { headers })

/** Refused in the words of the dialect, with nothing of the inside. */
function refusedWith(answer: Answer, status: number, code: string): void {
  expect(answer).toMatchObject({ status, json: { error: { code, details: { reason: expect.any(String) } } } })
  expect(answer.text).not.toMatch(/node_modules|\.[jt]s:\d|SELECT|duckdb/i)
}

const SQL: readonly string[] = [
  "' OR '1'='1",
  "1' OR 1=1 --",
  "'; DROP TABLE events; --",
  "') UNION SELECT * FROM read_csv('/etc/passwd') --",
  "'; ATTACH '/tmp/x.db' AS x; --",
  "'; COPY events TO '/tmp/stolen.csv'; --",
  "'; INSTALL httpfs; LOAD httpfs; --",
  "'; SET memory_limit='1TB'; --",
  '$1',
  '1; SELECT 1',
  '" OR ""="',
  '\\',
  '%27%20OR%20%271%27=%271',
  '1 AND sleep(10)',
  '{"not":["x"]}',
  'agent_1" OR "1',
]

test('Q-1: nothing of a query becomes SQL, in no parameter and no header', async () => {
  for (const path of QUERIES) {
    for (const text of SQL) {
      const search = new URLSearchParams(PARAMETERS.map((name): [string, string] => [name, text]))
      refusedWith(await get(`${path}?${search}`), 400, 'INVALID_PERIOD')
    }
    for (const name of PARAMETERS) {
      const text = SQL[(path.length + name.length) % SQL.length] as string
      const answer = await get(`${path}?${new URLSearchParams({ [name]: text })}`)
      if (answer.status === 400) expect(answer.text).not.toMatch(/SELECT \*|duckdb/i)
      else {
        expect(answer.status, `${path} ${name}`).toBe(200)
        expect(answer.text).not.toContain('root:')
      }
    }
  }
  for (const text of SQL.filter((value) => /^[\x20-\x7e]*$/.test(value))) {
    const headers = { authorization: `Bearer ${text}`, 'x-forwarded-for': text, 'user-agent': text, cookie: text }
    expect((await get(`${BASE}/spending/total`, headers)).status).toBe(200)
  }
})

test('Q-1: a filter by such a text finds nothing rather than everything', async () => {
  for (const text of SQL)
    for (const name of ['agent_id', 'provider_id', 'provider', 'model']) {
      const { json } = await get(`${BASE}/spending/total?${new URLSearchParams({ [name]: text })}`)
      expect(json, `${name} ${text}`).toMatchObject({ total_requests: 0 })
    }
})

test('a text that is none, endless or inherited is refused or finds nothing', async () => {
  for (const name of ['agent_id', 'provider_id', 'provider', 'model']) {
    refusedWith(await get(`${BASE}/usage/models?${name}=a%00b`), 400, 'VALIDATION_ERROR')
    for (const text of ['__proto__', 'constructor', 'toString', 'x'.repeat(10_000), '%ff%fe', '\u202e'])
      expect((await get(`${BASE}/usage/models?${name}=${encodeURIComponent(text)}`)).json).toMatchObject({ data: [] })
  }
  expect((await get('/api/v1/usage/by-project/__proto__')).json).toMatchObject({ total_requests: 0, providers: [] })
  expect((await get('/api/v1/usage/by-provider/constructor')).json).toMatchObject({ requests: 0 })
})

test('Q-5: asking changes nothing, by whichever method and from whichever page', async () => {
  for (const path of QUERIES) {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await client.call(server.url + path, {
        method,
        headers: { 'content-type': 'text/plain' },
        body: 'x',
      })
      refusedWith(answer, 405, 'VALIDATION_ERROR')
      const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
      refusedWith(await client.call(server.url + path, { method, headers: foreign }), 403, 'FORBIDDEN')
    }
    expect((await client.call(server.url + path, { method: 'HEAD' })).status).toBe(200)
  }
})

test('Q-6: a name in a path is a value and never a file', async () => {
  const files = (): readonly string[] => readdirSync(dataDir, { recursive: true }).map(String).sort()
  const before = files()
  const names = [
    '..%2F..%2F..%2Fetc%2Fpasswd',
    '%2e%2e%2fetc',
    '..%5C..%5Cwindows',
    'CON',
    '-rf',
    '%E2%88%95etc',
    '.',
    'a'.repeat(90),
    '%252e%252e%252f',
  ]
  for (const base of ['/api/v1/usage', '/api/usage'])
    for (const route of ['by-project', 'by-provider'])
      for (const name of names) {
        const answer = await get(`${base}/${route}/${name}`)
        expect(answer.text).not.toContain('root:')
        if (name === '.') expect(answer.status).toBe(404)
        else expect(answer.json, name).toMatchObject({ [route === 'by-project' ? 'total_requests' : 'requests']: 0 })
      }
  expect(files()).toEqual(before)
})

test('Q-8: parameters that no query has give nobody more to see', async () => {
  const more = 'role=admin&scope=admin&tenant_id=other&sub=1&is_admin=true&principal=local'
  for (const path of QUERIES) {
    const [plain, with_] = [await get(`${path}?agent_id=nobody`), await get(`${path}?agent_id=nobody&${more}`)]
    const timeless = ({ text }: Answer): string => text.replace(/"calculated_at":"[^"]+"/, '')
    expect(timeless(with_)).toBe(timeless(plain))
  }
})

test('D-2: another Host is refused before anything is answered', async () => {
  for (const host of ['evil.com', '127.0.0.1.nip.io', 'localhost.', '169.254.169.254'])
    for (const path of QUERIES) refusedWith(await get(path, { host }), 421, 'FORBIDDEN')
})

test('D-3: no page of another site may read an answer', async () => {
  for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example'])
    for (const path of QUERIES) {
      const { headers } = await get(path, { origin })
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
})

test('D-4: a token in the address is no token, and is repeated nowhere', async () => {
  for (const path of QUERIES)
    for (const name of ['token', 'ic_token', 'access_token', 'key']) {
      const answer = await get(`${path}?${name}=CANARY_token`)
      expect(answer.text + JSON.stringify(answer.headers)).not.toContain('CANARY_token')
    }
  expect(server.errors).not.toContain('CANARY_token')
})

test('D-7: every answer, refusals too, may not be framed, sniffed or kept', async () => {
  const paths = QUERIES.flatMap((path) => [path, `${path}?period=never`])
  for (const path of [...paths, '/api/v1/usage/by-provider/%20']) {
    const { headers } = await get(path)
    expect(headers, path).toMatchObject({
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
    })
  }
})

test('Q-9: two tokens that begin alike are two clients to the limit on queries', async () => {
  const config = join(folder, 'limited.json')
  writeFileSync(config, JSON.stringify({ compat: { rate_limits: 'on' } }))
  const limited = await ServerProcess.start(join(folder, 'limited'), ['--config', config])
  const prefix = 'x'.repeat(100)
  const ask = (end: string): Promise<Answer> =>
    client.call(`${limited.url}${BASE}/spending/total`, { headers: { authorization: `Bearer ${prefix}${end}` } })
  for (let index = 0; index < 20; index++) expect((await ask('a')).status).toBe(200)
  refusedWith(await ask('a'), 429, 'RATE_LIMIT_EXCEEDED')
  expect((await ask('b')).status).toBe(200)
})
