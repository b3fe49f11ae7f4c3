import { type FileHandle, open, stat } from 'node:fs/promises'

const BLOCK_BYTES = 1024 * 1024

/**
 * Copies files that the engine has open in this process.
 *
 * A POSIX lock ends when its process closes any descriptor of the file, so what was opened for reading here stays open until
 * the engine has closed the file itself: closed sooner, it would leave the store without its lock.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/functions/close.html
 */
export class FileCopier {
  readonly #kept = new Map<string, { readonly inode: bigint; readonly handle: FileHandle }>()

  /** Makes `to`, which must not exist; false if there is no `from`. */
  async copy(from: string, to: string): Promise<boolean> {
    const source = await this.#open(from)
    if (source === undefined) return false
    const target = await open(to, 'wx', 0o600)
    try {
      const buffer = Buffer.allocUnsafe(BLOCK_BYTES)
      for (let at = 0; ; ) {
        const { bytesRead } = await source.read(buffer, 0, BLOCK_BYTES, at)
        if (bytesRead === 0) return true
        // Unlike one `write`, this goes on until all is written.
        await target.writeFile(buffer.subarray(0, bytesRead))
        at += bytesRead
      }
    } finally {
      await target.close()
    }
  }

  /** Only after the engine has closed its files. */
  async close(): Promise<void> {
    for (const { handle } of this.#kept.values()) await handle.close()
    this.#kept.clear()
  }

  async #open(path: string): Promise<FileHandle | undefined> {
    try {
      const { ino: inode } = await stat(path, { bigint: true })
      const kept = this.#kept.get(path)
      if (kept?.inode === inode) return kept.handle
      // The name belongs to another file by now, as that of the log does after every checkpoint.
      await kept?.handle.close()
      this.#kept.delete(path)
      const handle = await open(path, 'r')
      this.#kept.set(path, { inode, handle })
      return handle
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
}
