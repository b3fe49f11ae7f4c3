import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerProcess } from './server-process.ts'

/** What a reader saw of an answer, and the most memory the server had meanwhile. */
export interface SlowRead {
  readonly lines: number
  readonly bytes: number
  readonly peakMib: number
}

const NEWLINE = 0x0a

/** Reads an answer no faster than `bytesPerSecond`, as a client behind a thin line does, and watches the server. */
export async function readSlowly(server: ServerProcess, path: string, bytesPerSecond: number): Promise<SlowRead> {
  const response = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => {
    get(server.url + path, resolve).on('error', reject)
  })
  const started = performance.now()
  let [lines, bytes, peakMib] = [0, 0, 0]
  for await (const chunk of response) {
    bytes += chunk.byteLength
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines++
    peakMib = Math.max(peakMib, server.memory().nowMib)
    const aheadMs = (bytes / bytesPerSecond) * 1000 - (performance.now() - started)
    if (aheadMs > 1) await sleep(aheadMs)
  }
  return { lines, bytes, peakMib }
}

const SETTLED_MIB = 1
const LOOK_MS = 1_500
const LOOKS = 4

/** Memory of a server that has finished what it does after a start: sealing and compressing take some for a while. */
export async function idleMib(server: ServerProcess): Promise<number> {
  let last = server.memory().nowMib
  for (let same = 0; same < LOOKS; ) {
    await sleep(LOOK_MS)
    const now = server.memory().nowMib
    same = Math.abs(now - last) <= SETTLED_MIB ? same + 1 : 0
    last = now
  }
  return last
}
