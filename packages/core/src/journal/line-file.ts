import { dirname } from 'node:path'
import { JsonBytes, jsonBytes } from '../event/json-bytes.ts'
import type { JournalFs } from './fs.ts'
import { SEAL_BYTES, sealLine } from './line.ts'
import { LineScanner } from './line-scanner.ts'
import { TEMPORARY } from './names.ts'
import { writeFully } from './write-fully.ts'

const BLOCK_BYTES = 256 * 1024
const START = jsonBytes('{"t":"meta","n":')
const COMMA = jsonBytes(',')

/**
 * A `meta` line for a file beside the journal, sealed as the journal's own lines are, line feed included.
 *
 * @param members JSON text without the braces, no raw line break, no member named `t`, `n` or `c`
 * @example metaLine(7, '"v":1') // {"t":"meta","n":7,"v":1,"c":"..."}
 */
export function metaLine(ordinal: number, members: string): Buffer {
  const line = new JsonBytes()
  putMetaLine(line, ordinal, members)
  return Buffer.from(line.bytes.buffer, 0, line.length)
}

/** As {@link metaLine}, behind what `lines` has already. */
export function putMetaLine(lines: JsonBytes, ordinal: number, members: string): void {
  const start = lines.length
  lines.raw(START)
  lines.number(ordinal)
  lines.raw(COMMA)
  lines.put(members)
  lines.reserve(SEAL_BYTES + 1)
  lines.length = sealLine(lines.bytes, start, lines.length)
}

/**
 * Writes a file beside the journal as a whole, in place of one of that name: after a power cut there is the old one or the new
 * one. Gives its length in bytes. A block may be used again once the next is asked for. What fails leaves nothing behind but, after a kill, `<path>.tmp`.
 *
 * @throws the file system's error
 */
export async function replaceFile(fs: JournalFs, path: string, blocks: Iterable<Uint8Array>): Promise<number> {
  const temporary = path + TEMPORARY
  await fs.unlink(temporary).catch(() => {})
  let length = 0
  try {
    const file = await fs.open(temporary, 'wx+')
    try {
      for (const block of blocks) {
        await writeFully(file, block, length)
        length += block.length
      }
      await file.datasync()
    } finally {
      await file.close()
    }
    await fs.rename(temporary, path)
  } catch (error) {
    await fs.unlink(temporary).catch(() => {})
    throw error
  }
  await fs.syncDir(dirname(path))
  return length
}

/**
 * Reads a file of {@link metaLine}s. Gives how many lines are damaged; they are passed over, and what is missing at the end
 * only the reader of the lines can tell.
 *
 * @throws the file system's error, `ENOENT` among them, and what `take` throws
 */
export async function readMetaLines(
  fs: JournalFs,
  path: string,
  take: (line: Readonly<Record<string, unknown>>, ordinal: number) => void,
): Promise<{ readonly bytes: number; readonly damagedLines: number }> {
  let damagedLines = 0
  const scanner = new LineScanner(0, {
    line(buffer, start, end, _offset, ordinal) {
      let line: Record<string, unknown>
      try {
        line = JSON.parse(buffer.toString('utf8', start, end)) as Record<string, unknown>
      } catch {
        damagedLines++
        return
      }
      take(line, ordinal)
    },
    damage: ({ lines }) => {
      damagedLines += lines
    },
  })
  const file = await fs.open(path, 'r')
  let bytes = 0
  try {
    for (;;) {
      const block = Buffer.alloc(BLOCK_BYTES)
      const read = await file.read(block, block.length, bytes)
      if (read === 0) break
      scanner.push(block.subarray(0, read), bytes)
      bytes += read
    }
  } finally {
    await file.close()
  }
  scanner.end(true)
  return { bytes, damagedLines }
}
