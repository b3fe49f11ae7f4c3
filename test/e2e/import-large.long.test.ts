import { closeSync, openSync, writeSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { assistant, user } from '../../packages/server/src/import/testing/claude-lines.ts'
import { folder, serve } from './cli.ts'
import { importing, packedRollout } from './importing.ts'

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

it('takes no more memory for a session of 1 GB than for one of 150 MB, a line of 100 MB included', async () => {
  const server = await serve(folder())
  const dir = folder()
  try {
    const small = join(dir, 'small.jsonl')
    const large = join(dir, 'large.jsonl')
    const inSmall = writeSession(small, 150 * MIB)
    const inLarge = writeSession(large, 1024 * MIB)
    const first = await importing('claude-code', small, server.url)
    expect(first.accepted).toBe(inSmall)
    const second = await importing('claude-code', large, server.url)
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

it('takes no more memory for a packed line of 1 GB than for one of a few letters', async () => {
  const server = await serve(folder())
  const dir = folder()
  try {
    const small = await importing('codex', packedRollout(dir, 'small', 0), server.url)
    const large = await importing('codex', packedRollout(dir, 'large', 1024 * MIB), server.url)
    process.stdout.write(
      `import: peak ${Math.round(small.peakMib)} MiB for no line, ${Math.round(large.peakMib)} for 1 GB\n`,
    )
    expect([small.accepted, large.accepted]).toEqual([2, 2])
    expect(large.peakMib - small.peakMib).toBeLessThan(60)
  } finally {
    await server.stop()
  }
}, 600_000)
