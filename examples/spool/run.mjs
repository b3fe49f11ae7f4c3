import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/**
 * A client with a spool and a server, both killed with SIGKILL in the middle of their work and started again. Afterwards
 * the server has each event that the client has on its account, once, and misses none that it was not told of.
 */
const work = mkdtempSync(join(tmpdir(), 'tallystick-example-'))
const server = join(dirname(fileURLToPath(import.meta.resolve('tallystick'))), '../bin/tallystick.js')

/** Starts a program; its lines of JSON come one by one. */
function start(...args) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  process.once('exit', () => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    next: async () => JSON.parse((await lines.next()).value),
    kill: async () => {
      child.kill('SIGKILL')
      await once(child, 'close')
    },
  }
}

async function serve(port) {
  const flags = ['--port', String(port), '--data', join(work, 'server'), '--log-level', 'silent', '--json']
  const running = start(server, 'serve', ...flags)
  const { url } = await running.next()
  return { ...running, url }
}

const record = (url, ...events) => start(join(import.meta.dirname, 'client.mjs'), url, join(work, 'spool'), ...events)

const ask = async (url, path, body) => {
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return (await fetch(new URL(path, url), body && request)).json()
}

let { url, ...running } = await serve(0)
let client = record(url)
for (let onDisk = 0; onDisk < 3_000; ) onDisk = (await client.next()).onDisk
await running.kill()
console.log('The server is killed; the client goes on recording.')

for (let onDisk = 0; onDisk < 6_000; ) onDisk = (await client.next()).onDisk
await client.kill()
console.log('The client is killed in the middle of it.')

running = await serve(new URL(url).port)
client = record(url, 1_000)
let account = await client.next()
while (account.recorded === undefined) account = await client.next()
console.log('Both are started again; the client records 1,000 more, sends what was left, and stops.')

const figures = { measures: ['requests', 'input_tokens'], from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' }
const [row] = (await ask(url, '/api/v1/query?consistency=applied', figures)).rows
const { gaps, balanced } = await ask(url, '/api/v1/invariants')
await running.kill()
rmSync(work, { recursive: true })

console.log({
  lives: account.lives,
  'at least 7,000 events recorded': account.recorded >= 7_000,
  'all of them at the server, once': row.requests === account.recorded - account.dropped,
  'to the last token': row.input_tokens === 1_000 * row.requests,
  dropped: account.dropped,
  pending: account.pending,
  'missing at the server': gaps.missing,
  'told of by nobody': gaps.untold,
  'the server is balanced': balanced,
})
