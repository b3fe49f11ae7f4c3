import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { assistant, user } from '../../packages/server/src/import/testing/claude-lines.ts'
import { folder, serve, start } from './cli.ts'

const MIB = 1024 * 1024

/** A session of `bytes`, most of it what people and models say, and how many messages are in it. */
function writeSession(path: string, bytes: number): number {
  const name = basename(path)
  const file = openSync(path, 'w')
  const talk = user('The quick brown fox jumps over the lazy dog. '.repeat(700))
  let messages = 0
  for (let written = 0; written < bytes; messages++) {
    const chunk = `${talk}\n${assistant({ id: `${name}-${messages}`, at: messages })}\n`
    written += writeSync(file, chunk)
  }
  // One line of 100 MB, as a tool that printed a whole file leaves it, with a request in the same line and one behind it.
  const text = 'x'.repeat(100 * MIB)
  writeSync(
    file,
    `${assistant({ id: `${name}-long`, text, at: messages })}\n${assistant({ id: `${name}-last`, at: messages + 1 })}\n`,
  )
  closeSync(file)
  return messages + 2
}

/** The most memory that an import of one file has held, MiB. */
async function importing(path: string, url: string): Promise<{ accepted: number; peakMib: number }> {
  const child = start(['import', 'claude-code', path, '--server', url, '--data', folder(), '--json'])
  let peakMib = 0
  let out = ''
  child.stdout?.on('data', (data: Buffer) => {
    out += data.toString()
  })
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      peakMib = Math.max(peakMib, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
    } catch {
      // It has just ended.
    }
  }, 25)
  await new Promise((resolve) => child.on('close', resolve))
  clearInterval(watch)
  return { accepted: (JSON.parse(out) as { accepted: number }).accepted, peakMib }
}

it('takes no more memory for a session of 1 GB than for one of 150 MB, a line of 100 MB included', async () => {
  const server = await serve(folder())
  const dir = folder()
  try {
    const small = join(dir, 'small.jsonl')
    const large = join(dir, 'large.jsonl')
    const inSmall = writeSession(small, 150 * MIB)
    const inLarge = writeSession(large, 1024 * MIB)
    const first = await importing(small, server.url)
    expect(first.accepted).toBe(inSmall)
    const second = await importing(large, server.url)
    expect(second.accepted).toBe(inLarge)
    process.stdout.write(
      `import: peak ${Math.round(first.peakMib)} MiB for 150 MB, ${Math.round(second.peakMib)} for 1 GB\n`,
    )
    expect(second.peakMib).toBeLessThan(250)
    // Seven times as much to read, and no more than what the collector lets lie.
    expect(second.peakMib - first.peakMib).toBeLessThan(60)
  } finally {
    await server.stop()
  }
}, 600_000)
