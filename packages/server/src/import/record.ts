import type { ErrorCode } from '@tallystick/core'

/** What JSON can say. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue }

/** An event of the native wire: members as docs/wire.md names them. */
export type WireEvent = { [member: string]: unknown }

/** Where a source was read to, under a name of the source's own: a file, or a cursor of somebody's API. */
export interface Mark {
  readonly key: string
  readonly value: JsonValue
}

/**
 * What a source gives, in order: an event, something that cannot be read, or how far it has got. A mark says that whatever
 * came before it need not be read again; it is kept only once all of that is acknowledged, so a run that is killed loses
 * nothing. `where` is for people: a file with its line, or an id.
 */
export type ImportRecord =
  | { readonly item: WireEvent; readonly where: string }
  | { readonly problem: { readonly code: ErrorCode; readonly message: string }; readonly where: string }
  | { readonly mark: Mark }

/** How far reading is. A source counts here as it goes; whoever shows progress reads it whenever it likes. */
export interface ReadProgress {
  files: number
  filesDone: number
  /** Files in which nothing has changed since they were last read; they are among `files` and `filesDone`. */
  unchanged: number
  bytes: number
  bytesDone: number
  /** Records that say again what this run, or one before it, has had from elsewhere: a copied session, a repeated line. */
  copies: number
  /** Events that may not be told of in full yet; a later run reads them again. */
  held: number
}

/** Names of events that earlier runs had acknowledged, as far as they are remembered; see {@link KnownNames}. */
export interface NameMemory {
  has(name: string): boolean
  /** @returns false if it was there */
  add(name: string): boolean
}

/** What a source is told. */
export interface ReadOptions {
  /** What was named on the command line, else the source's own locations. */
  readonly paths: readonly string[]
  /** The source's own options that were given, by their long name without dashes. */
  readonly values: ReadonlyMap<string, string>
  readonly env: Environment
  /** Events before this instant are not wanted. No mark may cover one that was left out for it: the next run may want it. */
  readonly sinceMs?: number
  readonly nowMs: number
  /** Marks of earlier runs; empty when all is to be read again. */
  readonly marks: ReadonlyMap<string, JsonValue>
  readonly known: NameMemory
  readonly progress: ReadProgress
}

export type Environment = Readonly<Record<string, string | undefined>>

/** An option of one source alone, e.g. the address of an API. */
export interface SourceOption {
  /** As the command line declares it: `--url <address>`. */
  readonly flags: string
  readonly about: string
}

/** Something that usage can be brought in from. */
export interface ImportSource {
  /** As the command names it. */
  readonly name: string
  /** One line for the help. */
  readonly about: string
  readonly examples: readonly string[]
  readonly options?: readonly SourceOption[]
  /** Where the source keeps its data unless told otherwise, existing or not; none where only the user can know. */
  locations(env: Environment): readonly string[]
  /**
   * Reads everything there is, or since the marks. The same data give the same ids whenever and from wherever they are read.
   *
   * What is wrong with one record, or one file, is a `problem`; it throws a `TallystickError` only where nothing can be read
   * at all (an API that refuses the key, an option that makes no sense).
   */
  read(options: ReadOptions): AsyncIterable<ImportRecord>
}

export const newProgress = (): ReadProgress => ({
  files: 0,
  filesDone: 0,
  unchanged: 0,
  bytes: 0,
  bytesDone: 0,
  copies: 0,
  held: 0,
})
