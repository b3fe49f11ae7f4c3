/** What became of one attempt to tell a target. Nothing in it may be secret: it is kept, shown and logged. */
export type Outcome =
  | { readonly ok: true; readonly detail: string }
  | {
      readonly ok: false
      readonly detail: string
      /** To try again is of no use. */
      readonly final?: true
      readonly retryAfterMs?: number
    }
