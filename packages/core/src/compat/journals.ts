import { join } from 'node:path'
import { isTallystickError, TallystickError } from '../errors.ts'
import {
  type Journal,
  type JournalDamage,
  type JournalFs,
  type JournalOptions,
  type JournalPosition,
  type JournalRecord,
  openJournal,
  readJournal,
} from '../journal/index.ts'

/**
 * A directory may be used by several processes at once, as that of the old class could. A journal has one writer, so each
 * process takes the first one that is free: `journal`, `journal-1`, and so on. All of them are read.
 */
const NAME = /^journal(?:-\d{1,2})?$/
const MAX_WRITERS = 64

function nameOf(number: number): string {
  return number === 0 ? 'journal' : `journal-${number}`
}

export interface OpenedJournal {
  readonly journal: Journal
  readonly dir: string
  /** The first of the directory's journals: whoever holds it may do what must not be done twice. */
  readonly first: boolean
}

/**
 * Opens the first journal of the directory that nobody else writes.
 *
 * @throws TallystickError `data_dir_unusable`, `journal_newer_format`; `journal_locked` if 64 processes hold one each
 */
export async function openFreeJournal(dataDir: string, options: Omit<JournalOptions, 'dir'>): Promise<OpenedJournal> {
  for (let number = 0; ; number++) {
    const dir = join(dataDir, nameOf(number))
    try {
      return { journal: await openJournal({ ...options, dir }), dir, first: number === 0 }
    } catch (error) {
      const taken = isTallystickError(error) && error.code === 'journal_locked'
      if (!taken || number === MAX_WRITERS - 1) throw error
    }
  }
}

export interface ReadJournalsOptions {
  readonly fs: JournalFs
  /** How far the journal in a directory is to be read, where that is known. */
  readonly to: (dir: string) => JournalPosition | undefined
  readonly onCorrupt: (dir: string, damage: JournalDamage) => void
}

/** The records of all journals of the directory, one journal after the other; nothing if there is none. */
export async function* readJournals(
  dataDir: string,
  { fs, to, onCorrupt }: ReadJournalsOptions,
): AsyncGenerator<readonly JournalRecord[]> {
  for (const name of await journalNames(dataDir, fs)) {
    const dir = join(dataDir, name)
    const end = to(dir)
    const onDamage = (damage: JournalDamage): void => onCorrupt(dir, damage)
    const batches = readJournal({ dir, fs, onCorrupt: onDamage, ...(end === undefined ? {} : { to: end }) })
    for await (const { records } of batches) yield records
  }
}

async function journalNames(dataDir: string, fs: JournalFs): Promise<readonly string[]> {
  try {
    const names = (await fs.list(dataDir)).filter((name) => NAME.test(name))
    return names.sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw new TallystickError('file_unreadable', `Reading ${dataDir} failed: ${String(error)}`, { cause: error })
  }
}
