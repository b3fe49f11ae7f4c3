import { type FileHandle, open } from 'node:fs/promises'
import type { Block } from './block.ts'
import type { FileSet } from './file-set.ts'

/** A block and the open file it stands in. */
export interface OpenBlock {
  readonly block: Block
  readonly handle: FileHandle
  readonly fileNumber: number
}

/** The blocks of one instant that a reader needs. Its files stay what they were, whatever becomes of their names. */
export interface Snapshot {
  /** In the order of the files. */
  readonly blocks: readonly OpenBlock[]
  close(): Promise<void>
}

/** A file that was removed a moment ago holds nothing any more. */
async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Opens the files that hold events of `[fromMs, toMs)`. The caller sees to it that nothing changes meanwhile. */
export async function openSnapshot(set: FileSet, fromMs: number, toMs: number): Promise<Snapshot> {
  const handles: FileHandle[] = []
  const blocks: OpenBlock[] = []
  const close = async (): Promise<void> => {
    await Promise.all(handles.map((handle) => handle.close()))
  }
  try {
    for (const { path, number, blocks: all } of set.files) {
      const needed = all.filter(({ events, minMs, maxMs }) => events > 0 && maxMs >= fromMs && minMs < toMs)
      if (needed.length === 0) continue
      const handle = await openIfThere(path)
      if (handle === undefined) continue
      handles.push(handle)
      for (const block of needed) blocks.push({ block, handle, fileNumber: number })
    }
  } catch (error) {
    await close()
    throw error
  }
  return { blocks, close }
}
