import { execFileSync } from 'node:child_process'
import { appendFileSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { expectExactly, lawOf } from './testing/figures.ts'
import { HttpClient } from './testing/http-client.ts'
import { Oracle } from './testing/oracle.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

let root: string
let dataDir: string
const client = new HttpClient()
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'disk-full-'))
  dataDir = join(root, 'disk/data')
  mkdirSync(join(root, 'disk'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', join(root, 'disk')])
})
afterEach(async () => {
  await endServers()
  execFileSync('umount', [join(root, 'disk')])
  rmSync(root, { recursive: true })
})

const free = () => { const s = statfsSync(join(root, 'disk')); return s.bavail * s.bsize }
function fill(leave: number) {
  const fd = openSync(join(root, 'disk/filler'), 'a')
  try { while (free() > leave) writeSync(fd, Buffer.alloc(Math.min(65536, Math.max(4096, free() - leave)))) } catch (e) { console.log(String(e)) }
  closeSync(fd)
}

test('disk full', async () => {
  const oracle = new Oracle(3, Date.now())
  const server = await ServerProcess.start(dataDir)
  for (let cycle = 0; cycle < 3; cycle++) {
    for (let k = 0; k < 20; k++) await oracle.send(client, server.url, Array.from({ length: 50 }, (_, i) => oracle.issued + i)) && oracle.take(50)
    fill(cycle * 16384)
    console.log('free', free())
    let refused = 0
    for (let k = 0; k < 40 && refused < 10; k++) {
      const numbers = Array.from({ length: 50 }, (_, i) => oracle.issued + i)
      const before = await lawOf(client, server.url).catch((e) => String(e))
      const answer = await client.post(`${server.url}/api/v1/events`, { events: numbers.map((n) => oracle.event(n)) })
      if (answer.status === 200) { oracle.take(50); continue }
      refused++
      if (refused < 3) console.log(answer.status, answer.text, JSON.stringify(before).slice(0, 600), await lawOf(client, server.url).then((l) => JSON.stringify(l).slice(0, 600), (e) => String(e).slice(0,1000)))
      await new Promise((r) => setTimeout(r, 100))
    }
    const ready = await client.call(`${server.url}/readyz`)
    console.log(ready.status, ready.text, free())
    rmSync(join(root, 'disk/filler'))
    const t = Date.now()
    let ok = false
    while (!ok && Date.now() - t < 20_000) {
      ok = await oracle.send(client, server.url, Array.from({ length: 50 }, (_, i) => oracle.issued + i))
      if (!ok) await new Promise((r) => setTimeout(r, 100))
    }
    oracle.take(50)
    console.log('resumed', ok, Date.now() - t)
    const r2 = await client.call(`${server.url}/readyz`)
    console.log(r2.status, r2.text)
    const q = await client.call(`${server.url}/api/v1/invariants`)
    console.log(q.status, q.text)
    try { await expectExactly(client, server.url, oracle.events()); console.log('exact') } catch (e) { console.log(String((e as Error).message).slice(0, 3000)) }
  }
  console.log(server.errors, execFileSync('ls', ['-laR', dataDir]).toString())
  console.log(await server.stop())
}, 300_000)
