/** The conservation law, part by part, as one consistent snapshot. Wire names: this object is an HTTP answer as it is. */
export interface Invariants {
  /** All of the parts below that can be checked hold. True at every instant, under load too. */
  readonly balanced: boolean
  readonly at_ms: number
  /** Since this process started: received = accepted + duplicate + conflict + sum(rejected) + failed. */
  readonly server: ServerLaw
  /** Since the journal began: accepted = live + expired + cleared + pending_apply + quarantined. */
  readonly store: StoreLaw
  /** Since this process started: acked + unanswered = accepted + duplicate + conflict + rejected + unsettled + lost. */
  readonly link: LinkLaw
  /** Per source and epoch: max(seq) + 1 - distinct seq that arrived, against what the source says it has dropped. */
  readonly gaps: GapReport
}

export interface ServerLaw {
  readonly balanced: boolean
  readonly received: number
  readonly accepted: number
  readonly duplicate: number
  readonly conflict: number
  readonly rejected: { readonly [code: string]: number }
  readonly failed: number
  readonly in_flight: number
}

export interface StoreLaw {
  /** null where it cannot be judged: the store does not count what it expired and cleared, or the journal's beginning is gone and was not remembered. */
  readonly balanced: boolean | null
  /** Durable events since the journal began (or since its oldest record that was still held when the sidecar was lost). */
  readonly accepted: number
  readonly live: number
  /** Dropped by retention; null where the store does not count them. */
  readonly expired: number | null
  /** Removed by clear; null where the store does not count them. */
  readonly cleared: number | null
  readonly pending_apply: number | null
  /** Events whose record in the journal was lost, or found damaged, before the store had read it. They can be sent again. */
  readonly quarantined: number
  readonly applied_ordinal: number
  readonly durable_ordinal: number
}

export interface LinkLaw {
  readonly balanced: boolean
  readonly acked: number
  readonly unanswered: number
  readonly unsettled: number
  readonly lost: number
}

export interface GapReport {
  /** Sources and epochs known. */
  readonly sources: number
  /** Numbers below the highest that have not come: lost, refused as invalid, or not sent yet. */
  readonly missing: number
  /** Events that their sources say will never come. */
  readonly told: number
  /** Of the missing ones, those that no source has told of: 0 means that no gap is unexplained. Deliveries that overtake each other show here until they have arrived. */
  readonly untold: number
  /** `told` by the reasons that sources give: those with most by name, at most 16, and the rest as `other`. */
  readonly reasons: { readonly [reason: string]: number }
  /** Recorded, and neither arrived nor told of: on their way, or lost. */
  readonly outstanding: number
  /** Sources forgotten because there were too many; their gaps are no longer counted. */
  readonly forgotten: number
  /** Those with gaps or losses, what nobody has told of first, at most 100. */
  readonly worst: readonly SourceGap[]
}

/** Which sources are meant; absent members mean all. */
export interface SourceSelection {
  readonly tenantId?: string | undefined
  readonly sourceIds?: readonly string[] | undefined
}

export interface SourceGap {
  readonly tenant_id?: string
  readonly source_id: string
  readonly epoch: number
  /** null if nothing has arrived. */
  readonly max_seq: number | null
  readonly seen: number
  /** Numbers below `max_seq` that have not arrived. */
  readonly missing: number
  /** What the source said last; absent if it says nothing of itself. */
  readonly recorded?: number
  readonly dropped?: { readonly [reason: string]: number }
  /** The sum of `dropped`. */
  readonly told: number
  /** missing - told, or 0. */
  readonly untold: number
  /** The higher of `recorded` and `max_seq + 1`, less `seen` and `told`, or 0. */
  readonly outstanding: number
  /** The set of numbers had too many holes to be kept whole: `missing` is a lower bound. */
  readonly approximate?: true
}
