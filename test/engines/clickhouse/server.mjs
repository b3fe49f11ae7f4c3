import { createServer } from 'node:http'
import { parseArgs, promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { Engine } from './engine.mjs'
import { Faults } from './faults.mjs'

/**
 * The ClickHouse engine behind ClickHouse's HTTP interface, as far as `@clickhouse/client` speaks it: a process of its own, so
 * that several servers can talk to one engine and it can be killed. Started by `start.ts`.
 *
 *   node server.mjs --path DIR [--port 0] [--user NAME --password WORD] [--config-file FILE]
 *
 * Prints one line, `{"port":N}`, once it answers. Ends with the process that started it.
 */
const { values: options } = parseArgs({
  options: {
    path: { type: 'string' },
    port: { type: 'string', default: '0' },
    user: { type: 'string' },
    password: { type: 'string', default: '' },
    'config-file': { type: 'string' },
  },
})

const engine = new Engine(options.path, options['config-file'] ? [`--config-file=${options['config-file']}`] : [])
const faults = new Faults()

// Parameters of a statement stand in its address.
const server = createServer({ maxHeaderSize: 1_048_576 }, (request, response) => {
  answer(request, response).catch((error) => fail(response, 1002, `${error?.stack ?? error}`))
})
// Longer than any test pauses: one that asks at the moment in which its connection is given up gets no answer.
server.keepAliveTimeout = 600_000
server.listen(Number(options.port), '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`)
})

process.on('SIGTERM', end)
process.on('disconnect', end)

function end() {
  server.closeAllConnections()
  server.close()
  engine.close()
  process.exit(0)
}

/** Parameters of the HTTP interface that are no settings of the query. */
const OF_THE_INTERFACE = new Set([
  'query',
  'database',
  'default_format',
  'query_id',
  'user',
  'password',
  'quota_key',
  'role',
  'session_id',
  'session_check',
  'session_timeout',
  'wait_end_of_query',
  'buffer_size',
  'stacktrace',
  'compress',
  'decompress',
])

async function answer(request, response) {
  const url = new URL(request.url, 'http://engine')
  if (url.pathname === '/ping') return plain(response, 'Ok.\n')
  const body = await bodyOf(request)
  if (url.pathname === '/faults') {
    faults.plan(JSON.parse(body.toString()))
    return plain(response, '')
  }
  if (!authenticated(request, url)) return fail(response, 516, 'Authentication failed. (AUTHENTICATION_FAILED)')

  const settings = {}
  const parameters = {}
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('param_')) parameters[name.slice('param_'.length)] = value
    else if (!OF_THE_INTERFACE.has(name)) settings[name] = value
  }
  const query = url.searchParams.get('query') ?? ''
  const text = query === '' ? body.toString() : query
  const fault = faults.take(text)
  if (fault?.how === 'refuse') return request.socket.destroy()
  if (fault?.how === 'error') return fail(response, fault.code, `${fault.message}`)
  const queryId = url.searchParams.get('query_id') ?? crypto.randomUUID()
  let result
  try {
    result = await engine.run({
      text,
      data: query === '' ? undefined : body,
      database: url.searchParams.get('database') ?? request.headers['x-clickhouse-database'] ?? 'default',
      format: url.searchParams.get('default_format') ?? request.headers['x-clickhouse-format'] ?? 'TabSeparated',
      settings,
      parameters,
    })
  } catch (error) {
    const message = String(error?.message ?? error)
    const code = Number(/Code: (\d+)\./.exec(message)?.[1] ?? 1002)
    return fail(response, code, message.replace(/^(Code: \d+\. DB::Exception: )/, ''), queryId)
  }
  if (fault?.how === 'lose_answer') return request.socket.destroy()
  await send(request, response, result, settings, queryId)
}

async function bodyOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  return request.headers['content-encoding'] === 'gzip' ? promisify(gunzip)(body) : body
}

function authenticated(request, url) {
  if (options.user === undefined) return true
  const [scheme, basic = ''] = (request.headers.authorization ?? '').split(' ')
  const [user, ...password] = Buffer.from(scheme === 'Basic' ? basic : '', 'base64')
    .toString()
    .split(':')
  const given =
    scheme === 'Basic'
      ? [user, password.join(':')]
      : [
          request.headers['x-clickhouse-user'] ?? url.searchParams.get('user') ?? 'default',
          request.headers['x-clickhouse-key'] ?? url.searchParams.get('password') ?? '',
        ]
  return given[0] === options.user && given[1] === options.password
}

async function send(request, response, result, settings, queryId) {
  const compress = settings.enable_http_compression === '1' && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  const bytes = compress ? await promisify(gzip)(result.bytes) : result.bytes
  response.writeHead(200, {
    ...headers(queryId),
    'Content-Type': /JSON/.test(result.format) ? 'application/x-ndjson; charset=UTF-8' : 'text/plain; charset=UTF-8',
    'Content-Length': bytes.length,
    'X-ClickHouse-Format': result.format,
    'X-ClickHouse-Summary': JSON.stringify({
      read_rows: String(result.rowsRead),
      read_bytes: String(result.bytesRead),
      written_rows: '0',
      written_bytes: '0',
      total_rows_to_read: '0',
      result_rows: '0',
      result_bytes: '0',
      elapsed_ns: String(Math.round(result.elapsed * 1e9)),
    }),
    ...(compress ? { 'Content-Encoding': 'gzip' } : {}),
  })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

function headers(queryId) {
  return {
    'X-ClickHouse-Server-Display-Name': 'engine-of-the-tests',
    'X-ClickHouse-Query-Id': queryId,
    'X-ClickHouse-Timezone': 'UTC',
  }
}

/** As the server does: the status follows from the code, and the body names both. */
function fail(response, code, message, queryId = '') {
  const status = code === 516 ? 403 : code === 60 || code === 81 ? 404 : code === 62 ? 400 : 500
  const text = `Code: ${code}. DB::Exception: ${message}`
  response.writeHead(status, {
    ...headers(queryId),
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Exception-Code': String(code),
  })
  response.end(text)
}

function plain(response, text) {
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=UTF-8' })
  response.end(text)
}
