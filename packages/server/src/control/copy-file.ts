import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { TallystickError } from '@tallystick/core'
import { type Portion, portionLines, readPortion } from './portion.ts'

/** A copy as it was at an instant, on disk. */
export interface SavedCopy {
  readonly portion: Portion
  /** When the owner was last heard of, ms since 1970 UTC. */
  readonly heardMs: number
}

/**
 * Puts a copy in place of the one before it, whole or not at all. It holds what the owner's own files hold: of keys and
 * sessions their hashes.
 */
export async function saveCopy(path: string, { portion, heardMs }: SavedCopy): Promise<void> {
  const unfinished = `${path}.new`
  const file = await open(unfinished, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify({ heard_ms: heardMs })}\n`)
    for await (const lines of portionLines(portion)) await file.writeFile(lines)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, path)
}

/** @returns undefined where there is none, or none that can be read */
export async function loadCopy(path: string, onError: (error: unknown) => void): Promise<SavedCopy | undefined> {
  try {
    const lines = createReadStream(path, 'utf8') as AsyncIterable<string>
    let heardMs = Number.NaN
    const portion = await readPortion(
      behindFirst(lines, (line) => {
        heardMs = Number((JSON.parse(line) as { readonly heard_ms?: unknown }).heard_ms)
      }),
    )
    if (!Number.isSafeInteger(heardMs)) throw new TallystickError('bad_answer', `${path} does not tell of when it is.`)
    return { portion, heardMs }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    onError(error)
    await rm(path, { force: true }).catch(() => undefined)
    return undefined
  }
}

async function* behindFirst(pieces: AsyncIterable<string>, first: (line: string) => void): AsyncGenerator<string> {
  let head: string | undefined = ''
  for await (const piece of pieces) {
    if (head === undefined) {
      yield piece
      continue
    }
    head += piece
    const end = head.indexOf('\n')
    if (end < 0) continue
    first(head.slice(0, end))
    const rest = head.slice(end + 1)
    head = undefined
    yield rest
  }
}
