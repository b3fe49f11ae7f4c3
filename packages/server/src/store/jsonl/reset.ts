import { rm } from 'node:fs/promises'
import { rewriteFile } from './compact.ts'
import { FileSet } from './file-set.ts'
import { storeNames } from './names.ts'

/** Takes out every line that came through the journal, and the sidecar, so that the journal can be applied from its start. */
export async function resetJsonlStore(path: string): Promise<void> {
  const names = storeNames(path)
  const set = await FileSet.open(names)
  for (const file of set.files) {
    if (file.identity === undefined) continue
    const rewritten = await rewriteFile(names, file, set.rules(file), ({ ordinal }) => ordinal === undefined)
    if (rewritten !== undefined && rewritten.blocks.length === 0) await rm(file.path)
  }
  await set.close()
  await rm(names.sidecar, { force: true })
}
