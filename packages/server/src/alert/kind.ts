import type { AlertKind, Firing } from '../state/alert.ts'

export type Severity = Firing['severity']

/** What a threshold is counted in. A basis point is a hundredth of a percent: 250 is 2.5 %. */
export type ThresholdUnit = 'percent' | 'basis_points' | 'nano_usd' | 'ms' | 'requests' | 'events'

/**
 * What is measured, as data: the evaluation makes a question to the store of it, and whoever renders the same definition
 * elsewhere an expression over the series of the same names.
 */
export type Measured =
  /** A measure over the window. `named`: the dimension whose values with most of it are told. */
  | { readonly of: 'figure'; readonly measure: string; readonly named?: string }
  /** One measure over another, in basis points; with `by` for each value of a dimension by itself. */
  | { readonly of: 'share'; readonly part: string; readonly whole: string; readonly by?: string }
  /** A measure in percent of its mean over the same time of so many days before, those without requests left out. */
  | { readonly of: 'growth'; readonly measure: string; readonly days: number }
  /** What the ledgers of sources say, for each source and epoch: it only rises unless what was missing arrives. */
  | { readonly of: 'sources'; readonly count: 'untold' | 'told' }
  /** Nothing is asked: whoever keeps budgets tells when spend crosses one of their thresholds. */
  | { readonly of: 'crossings' }

/** The words of a title: figures written for people, and whom it concerns. */
export interface Told {
  readonly value: string
  readonly limit: string
  /** The window, e.g. `5 min`. */
  readonly over: string
  readonly subject: string
  /** The most of it, where the kind names them; empty otherwise. */
  readonly names: readonly string[]
}

/** A number that a rule may leave out, and what it may be. */
interface Setting {
  readonly default: number
  readonly min: number
  readonly max: number
}

/** A row of THE table of kinds. */
export interface AlertKindSpec {
  readonly kind: AlertKind
  readonly label: string
  /** One sentence for people. */
  readonly about: string
  readonly unit: ThresholdUnit
  /** It holds while what is measured is more than (`above`), at least (`from`) or less than (`below`) the threshold. */
  readonly holds: 'above' | 'from' | 'below'
  readonly threshold: Setting
  readonly windowMs: Setting
  readonly forMs: Setting
  /** With fewer requests in the window nothing is concluded. 0: however few they are. */
  readonly minRequests: number
  /** How far back past the threshold it must go to be over, in percent of it: what hovers there does not flap. */
  readonly easePercent: number
  /** `raised`: what the measured value makes of it, in the unit of the threshold, ascending. */
  readonly severity: {
    readonly base: Severity
    readonly raised?: readonly { readonly from: number; readonly to: Severity }[]
  }
  readonly measured: Measured
  title(told: Told): string
}
