import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { JsonValue } from '@tallystick/core/event'
import type { JournalEnd, JournalWitness } from '@tallystick/core/journal'
import { DAY_FAMILIES, type DayFamily } from './placement.ts'

export const MANIFEST_FILE = 'manifest.json'

/** Which files of ids there are, and up to where in the journal they are complete. */
export interface Manifest {
  readonly version: 1
  /** Secret of the keys in all files. */
  readonly salt: string
  /** Every event of the journal before this place is in the files. */
  readonly journal: JournalEnd
  /** Id of the journal; absent in files of early versions. */
  readonly journalId?: string
  /** Records that neither journal nor store had when the ids were last taken from them. */
  readonly lost?: number
  /** First record of that place's segment, by which the journal is recognised; null when the segment has none. */
  readonly witness: Witness | null
  readonly buckets: readonly ManifestBucket[]
  /** What else is derived from the journal and saved at the same place, by name. */
  readonly companions: { readonly [name: string]: JsonValue }
}

export interface Witness {
  readonly ordinal: number
  readonly content: string
}

export interface ManifestBucket {
  readonly family: DayFamily
  readonly day: number
  readonly newestReceivedMs: number
  readonly runs: readonly { readonly file: string; readonly count: number; readonly indexCrc: number }[]
}

/** What the files of a directory prove of the journal they were made of; nothing when they cannot be believed. */
export async function idsWitness(dir: string): Promise<JournalWitness> {
  const manifest = await readManifest(dir).catch(() => undefined)
  return manifest?.journalId === undefined
    ? { ordinal: 0 }
    : { ordinal: manifest.journal.ordinal, journal: manifest.journalId }
}

/** Replaces the manifest: a crash leaves the old one or the new one. */
export async function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  const text = JSON.stringify(manifest)
  const path = join(dir, MANIFEST_FILE)
  const file = await open(`${path}.tmp`, 'w', 0o600)
  try {
    await file.writeFile(`${text}\n${crcOf(text)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.tmp`, path)
  await syncDirectory(dir)
}

/** The manifest, or undefined when there is none. Throws when there is one that cannot be believed. */
export async function readManifest(dir: string): Promise<Manifest | undefined> {
  let content: string
  try {
    content = await readFile(join(dir, MANIFEST_FILE), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const [text, crc] = content.split('\n')
  if (text === undefined || crc !== crcOf(text)) throw new Error(`${MANIFEST_FILE} does not match its CRC`)
  const manifest = JSON.parse(text) as Manifest
  if (manifest.version !== 1) throw new Error(`${MANIFEST_FILE} has version ${manifest.version}; this one reads 1`)
  if (!manifest.buckets.every(({ family }) => DAY_FAMILIES.includes(family)))
    throw new Error(`${MANIFEST_FILE} names an unknown family`)
  return manifest
}

export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function crcOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
