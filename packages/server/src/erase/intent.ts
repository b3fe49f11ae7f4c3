import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeFs } from '@tallystick/core/journal'

/** What is to be erased; kept until it has been, so that a crash does not leave half of it. */
export interface Intent {
  readonly version: 1
  readonly userId: string
  /** Absent: in every tenant. */
  readonly tenantId?: string
  readonly pseudonym: string
  readonly startedMs: number
  /** Who asked for it, as the audit log names people. */
  readonly actor: string
}

/** The one file that names the user while the erasure is under way. */
export const INTENT_FILE = 'erasing.json'

export async function readIntent(dataDir: string): Promise<Intent | undefined> {
  try {
    return JSON.parse(await readFile(join(dataDir, INTENT_FILE), 'utf8')) as Intent
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Durable when it resolves: from then on the erasure is finished, whatever happens. */
export async function writeIntent(dataDir: string, intent: Intent): Promise<void> {
  const path = join(dataDir, INTENT_FILE)
  const file = await open(`${path}.tmp`, 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify(intent))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.tmp`, path)
  await nodeFs.syncDir(dataDir)
}

export async function removeIntent(dataDir: string): Promise<void> {
  for (const name of [`${INTENT_FILE}.tmp`, INTENT_FILE]) await rm(join(dataDir, name), { force: true })
  await nodeFs.syncDir(dataDir)
}
