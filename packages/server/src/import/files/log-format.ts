import type { JsonValue, WireEvent } from '../record.ts'
import type { LineWants } from './line-scan.ts'

/** What a line says of one event. Several lines may speak of the same one, each telling more than the last. */
export interface Draft {
  /** Name of the event: the same wherever it is told of. */
  readonly name: string
  readonly item: WireEvent
  /** Of two lines about one event the one with more tokens is right; the first of equals, unless `better`. */
  readonly tokens: number
  readonly better?: boolean | undefined
  /** No line that says more will come. Else that is known once a later event of the same chain is told of. */
  readonly final: boolean
  /** Which conversation of the file it belongs to; absent: the only one. */
  readonly chain?: string
  /** Names that stand for the event beside its own, for {@link without}. */
  readonly also?: string | undefined
  /** The event is left out if this is the name of one that was told of elsewhere. */
  readonly without?: string | undefined
  /** It was told of elsewhere in any case. */
  readonly replayed?: boolean | undefined
}

/** What of a file's lines counts. One for each file; it may remember what earlier lines said. */
export interface LogReader {
  /** @returns what is told of an event, as many as the line tells of. Never throws. */
  read(document: Readonly<Record<string, unknown>>): readonly Draft[]
  /** What later lines need to know of earlier ones, for reading on from here; absent where they need nothing. */
  context?(): JsonValue
}

/** A tool that writes what it does to files. */
export interface LogFormat extends LineWants {
  /** Is a file below a folder one of its logs? */
  isLog(path: string): boolean
  /** Files of a lower rank are read first; then the oldest. */
  rank?(path: string): number
  /** The whole file is one JSON document instead of a line each; such files are small. */
  isDocument?(path: string): boolean
  /** @param context what {@link LogReader.context} gave when the file was last read, if it is read on from there */
  open(path: string, context: JsonValue | undefined): LogReader
}

/** Needles for a {@link LogFormat}. */
export const needles = (...texts: readonly string[]): readonly Uint8Array[] => texts.map((text) => Buffer.from(text))
