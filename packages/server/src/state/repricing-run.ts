/**
 * One run of a re-pricing: what was asked, and what became of it. What it came to stands in the journal.
 *
 * `running` is also what a process that was killed has left; the next start makes `interrupted` of it.
 */
export interface RepricingRun {
  readonly id: string
  readonly state: 'running' | 'done' | 'failed' | 'interrupted'
  /** `<prices>/<id>`, as in all records of the run. */
  readonly version: string
  readonly fromMs: number
  readonly toMs: number
  readonly model?: string
  readonly provider?: string
  readonly startedMs: number
  readonly endedMs?: number
  /** Events that were given a new figure; known at its end. */
  readonly changed?: number
  /** Why it failed. */
  readonly error?: string
}
