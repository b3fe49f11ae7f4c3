import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Prng } from '../../packages/core/src/journal/testing/prng.ts'
import { expectExactly } from './testing/figures.ts'
import { HttpClient } from './testing/http-client.ts'
import { Oracle } from './testing/oracle.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

let root: string
let dataDir: string
let file: string
let wal: string
const client = new HttpClient()
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'store-damage-'))
  dataDir = join(root, 'data')
  file = join(dataDir, 'tallystick.duckdb')
  wal = `${file}.wal`
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
const size = (path: string): number => existsSync(path) ? statSync(path).size : -1

const prng = new Prng(7)
const damages: Record<string, () => void> = {
  'both deleted': () => { rmSync(file); rmSync(wal, { force: true }) },
  'wal deleted': () => rmSync(wal, { force: true }),
  'file deleted, wal kept': () => rmSync(file),
  'file to nothing': () => truncateSync(file, 0),
  'file to half': () => truncateSync(file, size(file) >> 1),
  'wal to half': () => truncateSync(wal, size(wal) >> 1),
  'wal last byte': () => truncateSync(wal, size(wal) - 1),
  'flip header 0': () => flip(file, 9),
  'flip header 1': () => flip(file, 4096 + 20),
  'flip header 2': () => flip(file, 8192 + 20),
  'flip middle': () => flip(file, size(file) >> 1),
  'flip 3/4': () => flip(file, Math.floor(size(file) * 0.75)),
  'flip 12288+100': () => flip(file, 12288+100),
  'flip wal middle': () => flip(wal, size(wal) >> 1),
  'flip wal start': () => flip(wal, 10),
  ...Object.fromEntries(Array.from({length: 15}, (_, i) => [`flip random ${i}`, () => flip(file, prng.below(size(file)))])),
}

test('damage', async () => {
  const oracle = new Oracle(3, Date.now())
  let server = await ServerProcess.start(dataDir)
  const until = new AbortController()
  const loads = [oracle.load(client, server.url, until.signal)]
  await new Promise((r) => setTimeout(r, 7000))
  until.abort()
  await Promise.all(loads)
  console.log(oracle.issued, oracle.broken)
  for (const [name, damage] of Object.entries(damages)) {
    // something new in the wal
    await oracle.send(client, server.url, Array.from({ length: 50 }, (_, i) => oracle.issued + i))
    ;(oracle as unknown as {take(n: number): void}).take(50)
    if (name.includes('header') || name.includes('random') || name.includes('middle')) await server.stop(); else await server.kill()
    const before = [size(file), size(wal)]
    try { damage() } catch (e) { console.log(name, 'cannot', String(e)) }
    const t = Date.now()
    try {
      server = await ServerProcess.start(dataDir)
      await expectExactly(client, server.url, oracle.events())
      console.log(name, before, 'OK', Date.now() - t, readdirSync(dataDir).filter((n) => n.includes('corrupt')).length)
    } catch (e) {
      console.log(name, before, 'FAIL', Date.now() - t, String((e as Error).message).slice(0, 600), server.alive, server.errors.slice(0, 1500))
      await server.kill()
      for (const n of readdirSync(dataDir)) if (n.startsWith('tallystick.duckdb')) rmSync(join(dataDir, n), {recursive: true})
      server = await ServerProcess.start(dataDir)
    }
  }
}, 300_000)
