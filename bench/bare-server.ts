import { open } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'

/**
 * The floor of durable ingest: node:http that parses the body, appends it to a file, syncs once for everybody who waits, and
 * answers. Nothing is validated, priced or stored anywhere else; with `dedup` each id is looked up in a set in memory, which is
 * the least that counting once takes.
 */
const seen = process.argv[3] === 'dedup' ? new Set<unknown>() : undefined
const file = await open(process.argv[2] as string, 'a')
let waiting: { readonly bytes: Buffer; readonly response: ServerResponse; readonly count: number }[] = []
let writing = false

async function commit(): Promise<void> {
  writing = true
  while (waiting.length > 0) {
    const group = waiting
    waiting = []
    await file.appendFile(Buffer.concat(group.flatMap((entry) => [entry.bytes, NEWLINE])))
    await file.datasync()
    for (const { response, count } of group) {
      const body = JSON.stringify({ received: count, accepted: count })
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
      response.end(body)
    }
  }
  writing = false
}
const NEWLINE = Buffer.from('\n')

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const bytes = Buffer.concat(chunks)
    const parsed: unknown = JSON.parse(bytes.toString())
    if (seen !== undefined && Array.isArray(parsed)) for (const { event_id: id } of parsed) seen.add(id)
    waiting.push({ bytes, response, count: Array.isArray(parsed) ? parsed.length : 1 })
    if (!writing) void commit()
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}\n`)
})
process.on('SIGTERM', () => process.exit(0))
