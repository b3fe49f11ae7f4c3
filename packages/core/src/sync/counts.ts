import type { TallystickError } from '../errors.ts'

/** Codes of refusals come from outside: so many are counted by name, the rest together. */
const MAX_CODES = 64
const OTHER_CODES = 'other'

/** What has come of the events and of the requests, since the client was made. */
export class SyncCounts {
  acked = 0
  duplicates = 0
  conflicts = 0
  rejected = 0
  readonly rejectedBy = new Map<string, number>()
  requests = 0
  failures = 0
  badAnswers = 0
  lastError: TallystickError | undefined

  /** Events answered for good, one way or the other. */
  get settled(): number {
    return this.acked + this.rejected
  }

  countRejected(code: string): void {
    const name = this.rejectedBy.has(code) || this.rejectedBy.size < MAX_CODES ? code : OTHER_CODES
    this.rejectedBy.set(name, (this.rejectedBy.get(name) ?? 0) + 1)
  }
}
