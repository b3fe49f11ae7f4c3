import { open, rename, rm } from 'node:fs/promises'
import { nodeFs } from '@tallystick/core/journal'
import { type Block, BlockBuilder, type BlockRules, type PlacedLine } from './block.ts'
import { type DataFile, identityOf, isUntouched, lookAt } from './data-file.ts'
import { readLine, stampOf } from './document-line.ts'
import { kindsMatterBefore } from './floors.ts'
import type { StoreNames } from './names.ts'
import { readBlock } from './read-block.ts'

const LINE_FEED = 0x0a
/** A block this long is a line of somebody's that is no document; a file with one is left alone. */
export const MAX_BLOCK_BYTES = 64 * 1024 * 1024

export const temporaryPath = ({ path }: DataFile): string => `${path}.tmp`

/** What is written in the place of a line, its line feed included: the same, another, or nothing. `line` is undefined for what is no document. */
export type Change = (bytes: Buffer, line: PlacedLine | undefined) => Buffer | undefined

/**
 * Writes a file anew with some of its lines changed and puts it in place of the old one, durably. Undefined if somebody has
 * written to it meanwhile, or if it has a line too long to be looked at; then nothing was done.
 */
export async function rewriteFile(
  names: StoreNames,
  file: DataFile,
  rules: BlockRules,
  change: Change,
  /** Asked when all lines have been looked at; the file stays as it is unless something was changed. */
  isChanged: () => boolean = () => true,
): Promise<DataFile | undefined> {
  if (file.blocks.some(({ start, end }) => end - start > MAX_BLOCK_BYTES)) return undefined
  const kindsMs = kindsMatterBefore(rules.floors)
  const kindsMatter = ({ hidden, minMs }: Block): boolean => minMs < kindsMs || (kindsMs > 0 && hidden > 0)
  const temporary = temporaryPath(file)
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
        const line =
          block.trusted && !kindsMatter(block) ? stampedLine(bytes, start, end) : placedLine(bytes, start, end)
        const whole = change(bytes.subarray(start, end + 1), line)
        if (whole !== undefined) {
          kept.push(whole)
          builder.line(whole, line ?? (end === start ? null : undefined))
        }
        start = end + 1
      }
      await target.writeFile(Buffer.concat(kept))
    }
    if (!isChanged()) return file
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
  return stamp && { timestampMs: stamp.timestampMs, kind: undefined, ordinal: stamp.ordinal, sound: true }
}

function placedLine(bytes: Buffer, start: number, end: number): PlacedLine | undefined {
  const line = end === start ? undefined : readLine(bytes, start, end)
  if (line === undefined) return undefined
  const { event, sound, stamp } = line
  return { timestampMs: event.timestampMs, kind: event.kind, ordinal: stamp?.ordinal, sound }
}
