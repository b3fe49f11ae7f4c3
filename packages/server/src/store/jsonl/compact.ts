import { open, rename, rm } from 'node:fs/promises'
import { nodeFs } from '@tallystick/core/journal'
import { BlockBuilder, type BlockRules, MAX_BLOCK_BYTES, type PlacedLine } from './block.ts'
import { type DataFile, identityOf, isUntouched, lookAt } from './data-file.ts'
import { readLine, stampOf } from './document-line.ts'
import type { StoreNames } from './names.ts'
import { readBlock } from './read-block.ts'

const LINE_FEED = 0x0a

/**
 * What becomes of a line that is a document, line feed included: undefined where it goes, itself where it stays. A line that
 * takes its place has the same instant and ordinal.
 */
export type Rewrite = (line: PlacedLine, whole: Buffer) => Buffer | undefined

/**
 * Writes a file anew, its documents as `rewrite` has them, and puts it in place of the old one, durably. What is no document is
 * kept. Undefined if somebody has written to it meanwhile; then nothing was done.
 */
export async function rewriteFile(
  names: StoreNames,
  file: DataFile,
  rules: BlockRules,
  rewrite: Rewrite,
): Promise<DataFile | undefined> {
  if (file.blocks.some(({ start, end }) => end - start > MAX_BLOCK_BYTES)) return undefined
  const temporary = `${file.path}.tmp`
  const builder = new BlockBuilder([], rules)
  const source = await open(file.path, 'r')
  const target = await open(temporary, 'w', 0o600)
  try {
    for (const block of file.blocks) {
      const bytes = await readBlock(source, block)
      if (bytes === undefined) return undefined
      const kept: Buffer[] = []
      for (let start = 0; start < bytes.length; ) {
        const feed = bytes.indexOf(LINE_FEED, start)
        const end = feed < 0 ? bytes.length : feed
        const line = block.trusted ? stampedLine(bytes, start, end) : placedLine(bytes, start, end)
        const before = bytes.subarray(start, end + 1)
        const whole = line === undefined ? before : rewrite(line, before)
        if (whole !== undefined) {
          kept.push(whole)
          builder.line(whole, line ?? (end === start ? null : undefined))
        }
        start = end + 1
      }
      await target.writeFile(Buffer.concat(kept))
    }
    await target.datasync()
    if (!isUntouched(await lookAt(file.path), file.identity)) return undefined
    const identity = identityOf(await target.stat({ bigint: true }))
    await rename(temporary, file.path)
    await nodeFs.syncDir(names.directory)
    return { ...file, identity, blocks: builder.blocks() }
  } finally {
    await source.close()
    await target.close()
    await rm(temporary, { force: true })
  }
}

function stampedLine(bytes: Buffer, start: number, end: number): PlacedLine | undefined {
  const stamp = stampOf(bytes, start, end)
  return stamp && { timestampMs: stamp.timestampMs, ordinal: stamp.ordinal, sound: true }
}

function placedLine(bytes: Buffer, start: number, end: number): PlacedLine | undefined {
  const line = end === start ? undefined : readLine(bytes, start, end)
  return line && { timestampMs: line.event.timestampMs, ordinal: line.stamp?.ordinal, sound: line.sound }
}
