import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tallystick } from '../e2e/cli.ts'
import { expectExactly, lawOf, totalsOf, listed } from './testing/figures.ts'
import { HttpClient } from './testing/http-client.ts'
import { Oracle } from './testing/oracle.ts'
import { totalsByDay } from './testing/known-event.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

let root: string
let dataDir: string
let file: string
let wal: string
const client = new HttpClient()
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'damage-'))
  dataDir = join(root, 'data')
})
afterEach(async () => {
  await endServers()
  rmSync(root, { recursive: true })
})
function flip(path: string, at: number, mask = 0x10): void {
  const bytes = readFileSync(path).subarray(at, at + 1)
  const fd = openSync(path, 'r+')
  writeSync(fd, Uint8Array.of((bytes[0] as number) ^ mask), 0, 1, at)
  closeSync(fd)
}
const segments = () => readdirSync(join(dataDir, 'journal')).filter((n) => /^\d+\.jsonl/.test(n)).sort().map((n) => join(dataDir, 'journal', n))

async function begin(n: number) {
  const oracle = new Oracle(3, Date.now())
  const server = await ServerProcess.start(dataDir)
  for (let k = 0; k < n / 50; k++) { await oracle.send(client, server.url, Array.from({ length: 50 }, (_, i) => oracle.issued + i)); oracle.take(50) }
  await totalsOf(client, server.url)
  return { oracle, server }
}
async function look(name: string, oracle: Oracle, deleteStore = false) {
  if (deleteStore) for (const n of readdirSync(dataDir)) if (n.startsWith('tallystick.duckdb')) rmSync(join(dataDir, n), {recursive: true})
  let server: ServerProcess
  try { server = await ServerProcess.start(dataDir) } catch (e) { console.log(name, 'START FAILED', String(e).slice(0, 1000)); return }
  try {
  const status = (await client.call(`${server.url}/api/v1/status`)).json as any
  console.log(name, JSON.stringify(status.journal), JSON.stringify(await lawOf(client, server.url)).slice(0, 700))
  const same = JSON.stringify([...(await totalsOf(client, server.url))]) === JSON.stringify([...totalsByDay(oracle.events())])
  const kept = await listed(client, server.url)
  const audit = await client.call(`${server.url}/api/v1/invariants?audit=1`)
  console.log(name, 'totals same', same, kept.length, oracle.issued, audit.text.slice(0, 900))
  const v = await tallystick(['verify', '--data', dataDir])
  console.log(name, v.code, v.out, v.err)
  const again = await client.post(`${server.url}/api/v1/events`, { events: oracle.events() })
  console.log(name, again.text.slice(0, 300))
  console.log(name, JSON.stringify(await lawOf(client, server.url)).slice(0, 700))
  console.log(server.errors.split('\n').filter((l) => l.startsWith('{')).join('\n').slice(0, 1500))
  } catch (e) { console.log(name, String((e as Error).stack).slice(0, 2000)) }
  await server.stop()
}

for (const ending of ['stop', 'kill'] as const) for (const del of [false, true])
test(`flip middle ${ending} ${del}`, async () => {
  const { oracle, server } = await begin(2000)
  await server[ending]()
  const [segment] = segments() as [string]
  flip(segment, statSync(segment).size >> 1)
  await look(`FLIP MIDDLE ${ending} ${del}`, oracle, del)
}, 60_000)
for (const ending of ['stop', 'kill'] as const) for (const del of [false, true])
test(`flip last ${ending} ${del}`, async () => {
  const { oracle, server } = await begin(2000)
  await server[ending]()
  const segment = segments().at(-1) as string
  flip(segment, statSync(segment).size - 30)
  await look(`FLIP LAST ${ending} ${del}`, oracle, del)
}, 60_000)
for (const ending of ['stop', 'kill'] as const) for (const del of [false, true])
test(`cut tail ${ending} ${del}`, async () => {
  const { oracle, server } = await begin(2000)
  await server[ending]()
  const segment = segments().at(-1) as string
  truncateSync(segment, statSync(segment).size - 30)
  await look(`CUT TAIL ${ending} ${del}`, oracle, del)
}, 60_000)
for (const ending of ['stop', 'kill'] as const) for (const del of [false, true])
test(`torn ${ending} ${del}`, async () => {
  const { oracle, server } = await begin(2000)
  await server[ending]()
  const segment = segments().at(-1) as string
  const bytes = readFileSync(segment)
  const fd = openSync(segment, 'a'); writeSync(fd, bytes.subarray(bytes.length - 300, bytes.length - 40)); closeSync(fd)
  await look(`TORN ${ending} ${del}`, oracle, del)
}, 60_000)
