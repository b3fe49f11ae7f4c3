import { createHash } from 'node:crypto'
import { type Issue, issueLines, TallystickError } from '@tallystick/core'
import { verifyJournal } from '@tallystick/core/journal'
import { readStateFiles } from '../state/check.ts'
import { BACKUP_MANIFEST, type BackupManifest, isSafePath, parseManifest } from './manifest.ts'
import { type BackupSource, openBackup } from './source.ts'

export interface BackupCheck {
  readonly manifest: BackupManifest
  readonly bytes: number
  /** Sound records of the journal. */
  readonly records: number
  /** Places of the journal and of the control state's log that were damaged already where the backup was made: the bytes are those of the source. */
  readonly damage: number
}

const MAX_MANIFEST_BYTES = 64 * 1024 * 1024

/**
 * Reads a whole backup: every file against its SHA-256, then every line of the journal and of the control state against
 * its checksum.
 *
 * @param onBytes told how many bytes have been read so far, and of how many
 * @throws TallystickError `backup_damaged` with every file that is missing, cut off, changed or should not be there;
 * `file_unreadable`, `journal_newer_format`
 */
export async function checkBackup(
  path: string,
  onBytes: (read: number, of: number) => void = () => {},
): Promise<BackupCheck> {
  const source = await openBackup(path)
  const manifest = await manifestOf(source, path)
  const issues: Issue[] = []
  const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0)
  let read = 0
  for (const { path: name, size, sha256 } of manifest.files) {
    const found = source.files.get(name)
    if (found === undefined) issues.push({ path: name, message: 'is missing' })
    else if (found !== size) issues.push({ path: name, message: `has ${found} bytes, not ${size}` })
    else {
      const hash = createHash('sha256')
      for await (const block of source.content(name)) {
        hash.update(block)
        read += block.length
        onBytes(read, bytes)
      }
      if (hash.digest('hex') !== sha256)
        issues.push({ path: name, message: 'is not what was written: its SHA-256 differs' })
    }
  }
  // What somebody put there would be restored with the rest, and of a journal every file counts.
  const listed = new Set([BACKUP_MANIFEST, ...manifest.files.map(({ path: name }) => name)])
  for (const name of source.files.keys())
    if (isSafePath(name) && !listed.has(name)) issues.push({ path: name, message: 'is not in the manifest' })
  if (issues.length > 0)
    throw new TallystickError('backup_damaged', `The backup ${path} is damaged:\n${issueLines(issues)}`, { issues })
  const { records, damage } = await checkJournal(source, manifest, path)
  return { manifest, bytes, records, damage: damage + (await checkState(source, manifest, path)) }
}

async function manifestOf(source: BackupSource, path: string): Promise<BackupManifest> {
  const size = source.files.get(BACKUP_MANIFEST)
  if (size === undefined)
    throw new TallystickError(
      'backup_damaged',
      `${path} is no whole backup: ${BACKUP_MANIFEST}, which is written last, is not in it.`,
    )
  if (size > MAX_MANIFEST_BYTES)
    throw new TallystickError('backup_damaged', `${BACKUP_MANIFEST} of ${path} has ${size} bytes.`)
  const parts: Buffer[] = []
  for await (const block of source.content(BACKUP_MANIFEST)) parts.push(block)
  return parseManifest(Buffer.concat(parts).toString('utf8'))
}

/** The end that the manifest names must be reached, unless damage of the source stands in the way. */
async function checkJournal(
  { files, fs, journalDir }: BackupSource,
  { journal: { end } }: BackupManifest,
  path: string,
): Promise<Pick<BackupCheck, 'records' | 'damage'>> {
  if (![...files.keys()].some((name) => name.startsWith('journal/'))) {
    if (end.ordinal === 0) return { records: 0, damage: 0 }
    throw new TallystickError('backup_damaged', `The backup ${path} has no journal, but ends at record ${end.ordinal}.`)
  }
  const { records, lastOrdinal, damage } = await verifyJournal({ fs, dir: journalDir, to: end })
  if (damage.length === 0 && records > 0 && lastOrdinal !== end.ordinal)
    throw new TallystickError(
      'backup_damaged',
      `The journal of the backup ${path} ends at record ${lastOrdinal}, not at ${end.ordinal}.`,
    )
  return { records, damage: damage.length }
}

/**
 * Gives how many lines were damaged where the backup was made.
 *
 * @throws TallystickError `backup_damaged`, `journal_newer_format`
 */
async function checkState({ fs, stateDir }: BackupSource, { state }: BackupManifest, path: string): Promise<number> {
  if (state === undefined) return 0
  const { continues, damagedLines, damagedSnapshots, lastOrdinal } = await readStateFiles(fs, stateDir, state.end)
  const damage = damagedLines + damagedSnapshots
  if (!continues || (damage === 0 && lastOrdinal !== state.end.ordinal))
    throw new TallystickError(
      'backup_damaged',
      `The control state of the backup ${path} is not whole: it ends at write ${lastOrdinal}, not at ${state.end.ordinal}.`,
    )
  return damage
}
