import type { JournalFile } from './fs.ts'

/**
 * Writes all of `bytes` at `position`, going on after a short write.
 *
 * @throws the file's error, or `EIO` if the file takes no more without saying why
 */
export async function writeFully(file: JournalFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await file.write(bytes, done, bytes.length - done, position + done)
    if (written <= 0)
      throw Object.assign(new Error('The file system wrote nothing and gave no reason'), { code: 'EIO' })
    done += written
  }
}
