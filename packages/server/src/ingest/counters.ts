import type { ErrorCode } from '@tallystick/core'

/** What became of the items that were sent, since this process started. */
export interface IngestCounts {
  /** Items with an outcome: accepted + duplicate + conflict + all rejected + failed, at every instant. */
  readonly received: number
  readonly accepted: number
  readonly duplicate: number
  readonly conflict: number
  /** Invalid items by code; final, never to be sent again unchanged. */
  readonly rejected: ReadonlyMap<ErrorCode, number>
  /** Refused as a whole (5xx): not kept, the sender was told to retry. */
  readonly failed: number
  /** Items of deliveries that are being worked on and have no outcome yet. */
  readonly inFlight: number
  readonly link: LinkCounts
  /** Items with an outcome by door. */
  readonly doors: ReadonlyMap<string, number>
  /** Events whose pricing failed inside; they were accepted as unpriced. */
  readonly pricingFailures: number
  /** Reported cost and list cost differ by more than 1 %. */
  readonly priceMismatches: number
}

/** What the senders were told: acked + unanswered = accepted + duplicate + conflict + rejected + unsettled + lost. */
export interface LinkCounts {
  /** Items named in an answer. */
  readonly acked: number
  /** Items with an outcome whose delivery is not answered yet, or was answered with an error because of a later part of it. */
  readonly unanswered: number
  /** Acknowledged as `received`, not durable yet. */
  readonly unsettled: number
  /** Acknowledged as `received`, then the journal refused them. Always 0 with `durable` acknowledgements. */
  readonly lost: number
}
