import type { Ledger, PendingEvents } from '../recorder/index.ts'

/**
 * Events on their way to a server, on disk: a process that is killed sends them after it has been started again.
 *
 * It takes events out of an {@link Spool.attach attached} recorder a few times a second, beside the recording; an event's slot
 * in the recorder is free only once the event is durable here. A sync client takes from the spool as it would from the recorder.
 * What is lost with a killed process is what it recorded since the last drain.
 *
 * Nothing that happens to the disk reaches the application. While nothing can be written, events stay in the recorder's memory
 * and are sent from there; what then finds no room is counted by the recorder.
 *
 * @example
 * const spool = await openSpool({ dir: 'spool' })
 * const store = new EventStore(spool.life)
 * spool.attach(store)
 * const client = SyncClient.start(spool, { url: 'http://127.0.0.1:8088' })
 * ...
 * await client.stop()
 * await spool.close()
 */
export interface Spool extends PendingEvents {
  /**
   * For the recorder of this process: a name that stays the same as long as the spool is there, and an epoch that is higher
   * than that of all lives before.
   */
  readonly life: { readonly sourceId: string; readonly epoch: number }
  /**
   * Takes the events of a recorder from now on. Nobody else should take from it.
   *
   * @throws TallystickError `invalid_config` for a recorder that counts again from 0 under a name and epoch that the spool knows
   */
  attach(recorder: PendingEvents): void
  /**
   * Resolves once everything recorded so far is on disk.
   *
   * @throws TallystickError `disk_full`, `journal_unavailable`: it is in memory, and sent from there
   */
  flush(): Promise<void>
  /** The accounts of all lives that are remembered, oldest first: those that go on, and the newest hundred that are over. */
  lives(): readonly Ledger[]
  stats(): SpoolStats
  /**
   * Writes what there is to write and gives the directory back; what has not been answered waits for the next opening. The
   * recorder goes on in memory. Never rejects. Resolves with the accounts of all remembered lives.
   */
  close(): Promise<readonly Ledger[]>
}

export interface SpoolStats {
  /** Whether events can be written; `failed` is any other trouble than a full disk. It is tried again by itself. */
  readonly state: 'ok' | 'disk_full' | 'failed'
  /** Why not, while they cannot. */
  readonly error?: unknown
  /** Events on disk that have not been answered. */
  readonly events: number
  /** On disk, without copies of damaged records. */
  readonly bytes: number
  readonly maxBytes: number
  /** Spools of ended processes whose events are being sent from here. */
  readonly adopted: number
}
