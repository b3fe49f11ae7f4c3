import { createHash } from 'node:crypto'
import { TallystickError } from '@tallystick/core'

/** The last file of a backup: without it the backup was broken off. */
export const BACKUP_MANIFEST = 'manifest.json'
export const BACKUP_FORMAT = 'tallystick-backup'
/** Written by this code, and the newest that it reads. */
export const BACKUP_VERSION = 2
/** Where the copy of the embedded store lies, in a backup as in a data directory. */
export const STORE_COPY = 'tallystick.duckdb'

/** What a backup holds and up to where; snake_case, since it is a file as it is. */
export interface BackupManifest {
  readonly format: typeof BACKUP_FORMAT
  readonly version: number
  /** Version of Tallystick that made it. */
  readonly product: string
  readonly created: string
  readonly created_ms: number
  readonly journal: {
    /** The first record that the journal still held. */
    readonly oldest_ordinal: number
    /** Every event that was acknowledged before this place is inside, none behind it. */
    readonly end: BackupEnd
  }
  /** Absent in version 1, which knew no control state. */
  readonly state?: { readonly end: BackupEnd }
  /** Events accepted up to the end since the journal began, expired and cleared ones included; null where no longer known. */
  readonly accepted_events: number | null
  /** Null when the journal alone holds everything. */
  readonly store: { readonly applied_ordinal: number } | null
  /** What belongs to the installation and is kept elsewhere. */
  readonly not_included: readonly string[]
  readonly files: readonly BackupFile[]
  /** Of this text itself, with zeros in the place of the sum. */
  readonly manifest_sha256: string
}

const NO_HASH = '0'.repeat(64)
const OWN_HASH = /"manifest_sha256": "([0-9a-f]{64})"/

/** The text of a manifest; its length depends on the names and sizes of the files, not on their sums. */
export function manifestText(manifest: Omit<BackupManifest, 'manifest_sha256'>): string {
  const text = `${JSON.stringify({ ...manifest, manifest_sha256: NO_HASH }, null, 1)}\n`
  return text.replace(OWN_HASH, `"manifest_sha256": "${sha256(text)}"`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A place in a log, and the last record before it. */
export interface BackupEnd {
  readonly segment: number
  readonly offset: number
  readonly ordinal: number
}

export interface BackupFile {
  readonly path: string
  readonly size: number
  /** In hexadecimal. */
  readonly sha256: string
}

/** Nothing that could lead out of the directory it is restored to. */
const SAFE_PATH = /^(?:(?:journal|state)\/(?:quarantine\/)?|dedup\/)?[A-Za-z0-9][A-Za-z0-9._-]*$/

/** A directory in a backup whose files have the one or the other name. */
export function isSafePath(path: string): boolean {
  return SAFE_PATH.test(path)
}

/** @throws TallystickError `backup_damaged`; `journal_newer_format` when a newer version made it */
export function parseManifest(text: string): BackupManifest {
  let value: Partial<BackupManifest> | null
  try {
    value = JSON.parse(text) as Partial<BackupManifest> | null
  } catch {
    throw damaged('is not JSON')
  }
  if (value?.format !== BACKUP_FORMAT || typeof value.version !== 'number') throw damaged('is not that of a backup')
  if (value.version > BACKUP_VERSION)
    throw new TallystickError(
      'journal_newer_format',
      `The backup has format ${value.version}, written by version ${value.product}; this version reads up to ${BACKUP_VERSION}.`,
    )
  const own = OWN_HASH.exec(text)
  if (own === null || sha256(text.replace(OWN_HASH, `"manifest_sha256": "${NO_HASH}"`)) !== own[1])
    throw damaged('is not what was written: its SHA-256 differs')
  const ends = [value.journal?.end, ...(value.version >= 2 ? [value.state?.end] : [])]
  const whole =
    Array.isArray(value.files) &&
    value.files.every(
      (file: Partial<BackupFile>) => Number.isSafeInteger(file.size) && /^[0-9a-f]{64}$/.test(file.sha256 ?? ''),
    ) &&
    ends.every((end) => [end?.segment, end?.offset, end?.ordinal].every(Number.isSafeInteger))
  if (!whole) throw damaged('lacks members')
  const manifest = value as BackupManifest
  const stray = manifest.files.find(({ path }) => !isSafePath(path))
  if (stray !== undefined) throw damaged(`names ${JSON.stringify(stray.path)}, which is no file of a backup`)
  return manifest
}

function damaged(what: string): TallystickError {
  return new TallystickError('backup_damaged', `${BACKUP_MANIFEST} of the backup ${what}.`)
}
