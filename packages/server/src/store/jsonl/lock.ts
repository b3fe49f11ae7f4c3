import { realpath, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { TallystickError } from '@tallystick/core'
import type { StoreNames } from './names.ts'

/**
 * Takes the files for this process; returns what gives them back. Others may append lines, but two servers would each take
 * the other's lines for somebody's.
 *
 * On Linux a socket without a file is the lock: the kernel frees it with the process, after kill -9 too. Elsewhere nothing
 * is locked.
 *
 * @throws TallystickError `journal_locked`
 */
export async function lockStore({ active }: StoreNames): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return async () => {}
  // By whatever link it is reached it is one file.
  const file = await realpath(active).catch(() => active)
  const { dev, ino } = await stat(dirname(file), { bigint: true })
  const server = createServer((socket) => socket.destroy())
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      // Names of sockets are short; that of the file is not.
      server.listen(`\0tallystick-jsonl-${dev}-${ino}-${crc32(basename(file))}`, resolve)
    })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause
    throw new TallystickError('journal_locked', `The store ${active} is open in another process.`, { cause })
  }
  server.unref()
  return () => new Promise((resolve) => server.close(() => resolve()))
}
