import { rm } from 'node:fs/promises'
import { rewriteFile } from './compact.ts'
import { FileSet } from './file-set.ts'
import { storeNames } from './names.ts'

/**
 * Takes out every line that came through the journal, and the sidecar, so that the journal can be applied from its start.
 *
 * The newest go first: wherever it ends, what is left is the beginning of what the journal holds, and is gone on from.
 */
export async function resetJsonlStore(path: string): Promise<void> {
  const names = storeNames(path)
  const set = await FileSet.open(names)
  await rm(names.sidecar, { force: true })
  for (const file of [...set.files].reverse()) {
    if (file.identity === undefined) continue
    const rewritten = await rewriteFile(names, file, set.rules(file), (bytes, line) =>
      line?.ordinal === undefined ? bytes : undefined,
    )
    if (rewritten !== undefined && rewritten.blocks.length === 0) await rm(file.path)
  }
  await set.close()
}
