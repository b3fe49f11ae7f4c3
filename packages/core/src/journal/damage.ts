import type { JournalPosition } from './position.ts'

/**
 * Why a part of the journal was skipped: `checksum` (bytes that are no sound line), `not_json` and `unknown_type` (a sound
 * line of a form that this version cannot read), `out_of_order` (an ordinal that was read before, as a copied block has),
 * `gap` (ordinals are missing though no bytes are damaged), `missing_segment` (a whole file is gone).
 */
export type DamageReason = 'checksum' | 'not_json' | 'unknown_type' | 'out_of_order' | 'gap' | 'missing_segment'

/** Ordinals that follow each other, both ends included. */
export interface OrdinalRange {
  readonly first: number
  readonly last: number
}

/** A part of the journal that was skipped. What follows it is read as usual. */
export interface JournalDamage {
  readonly reason: DamageReason
  readonly position: JournalPosition
  /** Uncompressed bytes skipped. */
  readonly bytes: number
  /** Records lost, where the neighbours tell; otherwise the lines that the bytes look like. */
  readonly lines: number
  /** Ordinals of acknowledged records that stood here, where the neighbours tell. */
  readonly missing?: OrdinalRange
}
