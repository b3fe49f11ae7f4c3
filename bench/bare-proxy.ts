import { Agent, createServer, request as httpRequest } from 'node:http'

/** The floor of a proxy: node:http that sends requests on over connections it keeps, and looks at nothing. */
const upstream = new URL(process.argv[2] as string)
const agent = new Agent({ keepAlive: true, noDelay: true })
const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const headers = { ...request.headers, host: upstream.host }
  const outgoing = httpRequest(
    { agent, host: upstream.hostname, port: upstream.port, method: request.method, path: request.url, headers },
    (incoming) => {
      response.writeHead(incoming.statusCode as number, incoming.headers)
      incoming.pipe(response)
    },
  )
  request.pipe(outgoing)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}\n`)
})
process.on('SIGTERM', () => process.exit(0))
