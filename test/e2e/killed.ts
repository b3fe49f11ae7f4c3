import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { start } from './cli.ts'

/** Bytes of the journal in a data directory; 0 before there is one. */
function journalBytes(dataDir: string): number {
  const folder = join(dataDir, 'journal')
  try {
    return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  } catch {
    return 0
  }
}

/**
 * Runs a command that writes to `dataDir` and ends it by SIGKILL once its journal has grown by so many bytes: in the midst
 * of its work, however slow the machine is. A command that has ended before is not waited for.
 */
export async function killedWhileWriting(args: readonly string[], dataDir: string, bytes: number): Promise<void> {
  const before = journalBytes(dataDir)
  const child = start(args)
  let ended = false
  const closed = new Promise<void>((resolve) => {
    child.on('close', () => {
      ended = true
      resolve()
    })
  })
  while (!ended && journalBytes(dataDir) - before < bytes) await setTimeout(2)
  child.kill('SIGKILL')
  await closed
}
