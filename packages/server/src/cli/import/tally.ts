import type { ErrorCode } from '@tallystick/core'

/** Records that were not taken are listed up to here, and counted beyond. */
export const SHOWN_REJECTIONS = 20

/** Why one record was not taken: refused by the server, or not readable in the first place. */
export interface Rejection {
  readonly where: string
  readonly code: ErrorCode | string
  readonly message: string
  readonly field?: string
}

/** What became of the records of an import. */
export class ImportTally {
  accepted = 0
  duplicate = 0
  conflict = 0
  rejected = 0
  readonly rejections: Rejection[] = []
  readonly byCode = new Map<string, number>()
  /** First and last instant among all records that were sent. */
  fromMs: number | undefined
  toMs: number | undefined

  sent(timestampMs: unknown): void {
    if (typeof timestampMs !== 'number') return
    if (this.fromMs === undefined || timestampMs < this.fromMs) this.fromMs = timestampMs
    if (this.toMs === undefined || timestampMs > this.toMs) this.toMs = timestampMs
  }

  reject(rejection: Rejection): void {
    this.rejected++
    this.byCode.set(rejection.code, (this.byCode.get(rejection.code) ?? 0) + 1)
    if (this.rejections.length < SHOWN_REJECTIONS) this.rejections.push(rejection)
  }

  /** Did everything go in, now or earlier? */
  get clean(): boolean {
    return this.rejected === 0 && this.conflict === 0
  }
}
