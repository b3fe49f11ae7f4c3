import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { TallystickError } from '@tallystick/core'
import { nodeFs, replaceFile } from '@tallystick/core/journal'

/** In a data directory while its events are being moved: which store has some of them, and must not be served from. */
const FILE = 'migration.json'

/** Notes that a store of the data directory will hold a part of its events until {@link clearHalfMoved}. */
export async function noteHalfMoved(dataDir: string, url: string): Promise<void> {
  await replaceFile(nodeFs, join(dataDir, FILE), [Buffer.from(`${JSON.stringify({ to_sha256: fingerprint(url) })}\n`)])
}

export async function clearHalfMoved(dataDir: string): Promise<void> {
  await rm(join(dataDir, FILE), { force: true })
}

/**
 * Events that the journal has dropped would be missing for good from a store that was left half filled.
 *
 * @throws TallystickError `store_unavailable`
 */
export async function assertNotHalfMoved(dataDir: string, url: string): Promise<void> {
  const text = await readFile(join(dataDir, FILE), 'utf8').catch(() => undefined)
  if (text === undefined || !text.includes(fingerprint(url))) return
  throw new TallystickError(
    'store_unavailable',
    `The move of events into this store was broken off. Run \`tallystick migrate\` again, which goes on from there, or serve from the old store; ${join(dataDir, FILE)} says so and may be removed.`,
  )
}

/** The URL may hold a password. */
const fingerprint = (url: string): string => createHash('sha256').update(url).digest('hex')
