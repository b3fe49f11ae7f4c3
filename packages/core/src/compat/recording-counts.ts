import type { InvocationLog } from './invocation-log.ts'
import type { Named, RecordingStatus } from './types.ts'

/** What an instance counts beside its figures. */
export class RecordingCounts {
  readonly #repaired = new Map<string, number>()
  refused = 0
  listenerErrors = 0

  noteRepaired(members: Iterable<string>): void {
    for (const member of members) this.#repaired.set(member, (this.#repaired.get(member) ?? 0) + 1)
  }

  status(log: InvocationLog): RecordingStatus {
    const { durable, pending, dropped, writeFailures, damagedRecords, lastError } = log
    const repaired: Named<number> = Object.create(null)
    for (const [member, times] of this.#repaired) repaired[member] = times
    return {
      recorded: durable + pending + dropped,
      durable,
      pending,
      dropped,
      write_failures: writeFailures,
      repaired,
      refused: this.refused,
      listener_errors: this.listenerErrors,
      damaged_records: damagedRecords,
      last_error: lastError ?? null,
    }
  }
}
