import { TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import type { Ingest } from '../ingest/ingest.ts'
import { archiveOf, type BackupStream } from './archive.ts'
import { BACKUP_FORMAT, BACKUP_VERSION } from './manifest.ts'
import { type SnapshotOptions, takeSnapshot } from './snapshot.ts'

export interface BackupOptions extends SnapshotOptions {
  readonly ingest: Pick<Ingest, 'acceptedUpTo'>
  readonly clock: Clock
  readonly product: string
}

export type Backups = (() => Promise<BackupStream>) & { readonly running: () => boolean }

/** What a restore does not bring back; the events have their prices in them. */
const NOT_INCLUDED = ['configuration file and environment', 'price files']
const OTHER_DOCUMENTS = 'documents in the file of the store that did not come through the journal'

/**
 * Gives a function that begins a backup: everything acknowledged before it is inside, while events go on coming in. One at
 * a time; `running` tells whether there is one.
 *
 * @throws TallystickError `overloaded` while another is being read, and what {@link takeSnapshot} throws
 */
export function createBackups(options: BackupOptions): Backups {
  let running = false
  const begin = async (): Promise<BackupStream> => {
    if (running)
      throw new TallystickError('overloaded', 'Another backup is being read from this server; let it end first.')
    running = true
    try {
      const createdMs = options.clock.now()
      const { release, ...snapshot } = await takeSnapshot(options)
      const { end, stateEnd, oldestOrdinal, storeOrdinal, incomplete } = snapshot
      let released: Promise<void> | undefined
      const releaseOnce = (): Promise<void> => {
        released ??= release().finally(() => {
          running = false
        })
        return released
      }
      return archiveOf(
        { ...snapshot, release: releaseOnce },
        {
          format: BACKUP_FORMAT,
          version: BACKUP_VERSION,
          product: options.product,
          created: new Date(createdMs).toISOString(),
          created_ms: createdMs,
          journal: { oldest_ordinal: oldestOrdinal, end: { ...end.position, ordinal: end.ordinal } },
          accepted_events: options.ingest.acceptedUpTo(end.ordinal) ?? null,
          state: { end: { ...stateEnd.position, ordinal: stateEnd.ordinal } },
          store: storeOrdinal === undefined ? null : { applied_ordinal: storeOrdinal },
          not_included: [
            ...NOT_INCLUDED,
            ...(options.store.copyTo === undefined ? [OTHER_DOCUMENTS] : []),
            ...(incomplete ? [`what came before journal record ${oldestOrdinal}, and damaged lines`] : []),
          ],
        },
      )
    } catch (error) {
      running = false
      throw error
    }
  }
  return Object.assign(begin, { running: () => running })
}
