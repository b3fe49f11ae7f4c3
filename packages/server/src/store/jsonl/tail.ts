import { open } from 'node:fs/promises'
import { readLine } from './document-line.ts'

/** Longer than any document: what is longer is kept as the malformed line that it is. */
const MAX_TAIL_BYTES = 16 * 1024 * 1024

/**
 * Ends the unfinished line that begins at `start`: with a line feed if it is a whole document, else by cutting it off.
 * Whoever wrote half a line has died over it; the journal has ours.
 */
export async function repairTail(path: string, start: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const length = (await file.stat()).size - start
    if (length <= 0) return
    const bytes = Buffer.alloc(Math.min(length, MAX_TAIL_BYTES + 1))
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start)
    const whole = bytesRead > MAX_TAIL_BYTES || readLine(bytes, 0, bytesRead) !== undefined
    if (whole) await file.write('\n', start + length)
    else await file.truncate(start)
  } finally {
    await file.close()
  }
}
