import { type FileHandle, open, rename } from 'node:fs/promises'
import { Serial } from './serial.ts'

export interface DeadLetterFileOptions {
  readonly path: string
  /** Beyond this the file is renamed to `<path>.1`, in place of an earlier one, and begun anew; 16 MiB by default. */
  readonly maxBytes?: number
  /** Told when a line could not be written. */
  readonly onError?: (error: unknown) => void
}

/** Takes lines, such as those a sync client makes of events that a server refused. */
export interface DeadLetterFile {
  /** Takes a line, its line feed included. Never throws. */
  write(line: string): void
  /** Lines that could not be written. */
  readonly lost: number
  /** Resolves once what was taken so far is written, or lost. */
  flush(): Promise<void>
}

const DEFAULT_MAX_BYTES = 16 * 1024 * 1024
const OWNER_ONLY = 0o600

/**
 * A file of bounded size that lines are appended to.
 *
 * @example
 * const deadLetters = deadLetterFile({ path: 'rejected.jsonl' })
 * deadLetters.write('{"code":"too_long","event":{...}}\n')
 */
export function deadLetterFile(options: DeadLetterFileOptions): DeadLetterFile {
  const { path, maxBytes = DEFAULT_MAX_BYTES, onError = () => undefined } = options
  const work = new Serial()
  let waiting: string[] = []
  let lost = 0
  const append = async (): Promise<void> => {
    const lines = waiting
    waiting = []
    if (lines.length === 0) return
    let file: FileHandle | undefined
    try {
      file = await open(path, 'a', OWNER_ONLY)
      await file.appendFile(lines.join(''))
      const { size } = await file.stat()
      if (size > maxBytes) await rename(path, `${path}.1`)
    } catch (error) {
      lost += lines.length
      onError(error)
    } finally {
      await file?.close().catch(onError)
    }
  }
  return {
    write(line) {
      waiting.push(line)
      void work.run(append)
    },
    get lost() {
      return lost
    },
    flush: () => work.run(append),
  }
}
