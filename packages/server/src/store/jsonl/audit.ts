import { open } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'
import type { StoreAudit } from '../store.ts'
import type { DataFile } from './data-file.ts'
import type { Floors } from './floors.ts'
import { isUnchanged } from './index-file.ts'
import { documentsOf, readBlock } from './read-block.ts'

/** Reads every block again and compares it with what the index says of it: its checksum, its events, their span. */
export async function auditFiles(files: readonly DataFile[], floors: Floors): Promise<StoreAudit> {
  const differences: string[] = []
  for (const { path, number, blocks } of files) {
    if (blocks.length === 0) continue
    const handle = await open(path, 'r')
    try {
      for (const block of blocks) {
        await turn()
        const { start, end } = block
        const where = `${path}, bytes ${start} to ${end}`
        if (!(await isUnchanged(handle, block))) {
          differences.push(`${where}: they are not what was indexed.`)
          continue
        }
        const bytes = block.events > 0 ? await readBlock(handle, block) : undefined
        if (bytes === undefined) continue
        let events = 0
        let own = 0
        for (const document of documentsOf(bytes, block, number, floors)) {
          const { timestampMs } = document.stored.event
          if (timestampMs < block.minMs || timestampMs > block.maxMs) continue
          events++
          if (document.own) own++
        }
        if (events !== block.events || own !== block.own)
          differences.push(
            `${where}: the index has ${block.events} events (${block.own} ours), the file ${events} (${own}).`,
          )
      }
    } finally {
      await handle.close()
    }
  }
  return { differences }
}
