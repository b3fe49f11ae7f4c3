import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { KnownNames } from './known-names.ts'
import type { JsonValue, Mark, NameMemory } from './record.ts'

/** What a store can be recognised by, and how much it held. */
export interface StoreMoment {
  /** Differs between stores, and for one store before and after it lost something or was cleared. */
  readonly store: string
  /** Ordinal of its last event. A store that has fewer than it had was put back to an earlier time. */
  readonly ordinal: number
}

interface StateDocument {
  readonly version: 1
  readonly store: string
  readonly ordinal: number
  /** State of the data directory when this was written, where nobody but this process had it. */
  readonly directory?: string
  readonly marks: Readonly<Record<string, JsonValue>>
}

const VERSION = 1
const DIGEST_BYTES = 32

/**
 * What earlier imports of one source into one store have had acknowledged: marks, and names of events. Losing it loses no
 * event and counts none twice, since ids are for ever: everything is read again, and is found to be there.
 */
export class ImportState {
  readonly #path: string
  readonly #found: StateDocument | undefined
  readonly #marks = new Map<string, JsonValue>()
  #known: KnownNames | undefined
  #store: string | undefined
  #changed = false

  /** Reads the file if there is one that can be read; anything else is as if there were none. */
  constructor(path: string) {
    this.#path = path
    this.#found = readState(path)
  }

  /** Does the state describe a data directory as it is now? Nothing has been written to it since, then. */
  describes(directory: string): boolean {
    return this.#found?.directory !== undefined && this.#found.directory === directory
  }

  /** Believes the state without asking the store; gives what the store was then. */
  trust(): StoreMoment | undefined {
    if (this.#found === undefined) return undefined
    this.#store = this.#found.store
    this.#take(this.#found)
    return this.#found
  }

  /** Believes the state if it is about this store and the store has lost nothing since. */
  match(now: StoreMoment): void {
    this.#store = now.store
    const found = this.#found
    if (found !== undefined && found.store === now.store && found.ordinal <= now.ordinal) this.#take(found)
  }

  get marks(): ReadonlyMap<string, JsonValue> {
    return this.#marks
  }

  /** {@link known} without its file being read until somebody asks. */
  get names(): NameMemory {
    return { has: (name) => this.known.has(name), add: (name) => this.known.add(name) }
  }

  get changed(): boolean {
    return this.#changed
  }

  /** Names of acknowledged events; read from their file when they are first asked for. */
  get known(): KnownNames {
    this.#known ??= new KnownNames(
      this.#marks.size === 0 || this.#store === undefined ? undefined : readNames(namesPath(this.#path), this.#store),
    )
    return this.#known
  }

  set(mark: Mark): void {
    this.#marks.set(mark.key, mark.value)
    this.#changed = true
  }

  /** Writes the marks. They must all be of acknowledged events. */
  save(now: StoreMoment, directory?: string): void {
    const document: StateDocument = {
      version: VERSION,
      store: now.store,
      ordinal: now.ordinal,
      ...(directory === undefined ? {} : { directory }),
      marks: Object.fromEntries(this.#marks),
    }
    replaceFile(this.#path, JSON.stringify(document))
    this.#changed = false
  }

  /** Writes the names. Every event that was named must be acknowledged: one that is not would never be sent again. */
  saveNames(now: StoreMoment): void {
    if (this.#known === undefined) return
    const words = this.#known.words()
    const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength)
    replaceFile(namesPath(this.#path), Buffer.concat([digestOf(now.store), bytes]))
  }

  #take(found: StateDocument): void {
    for (const [key, value] of Object.entries(found.marks)) this.#marks.set(key, value)
  }
}

const namesPath = (path: string): string => path.replace(/\.json$/, '.names')

function readState(path: string): StateDocument | undefined {
  try {
    const found = JSON.parse(readFileSync(path, 'utf8')) as Partial<StateDocument>
    const whole =
      found.version === VERSION &&
      typeof found.store === 'string' &&
      typeof found.ordinal === 'number' &&
      typeof found.marks === 'object' &&
      found.marks !== null
    return whole ? (found as StateDocument) : undefined
  } catch {
    return undefined
  }
}

/** Names belong to a store: those of another would keep events out of this one. */
function readNames(path: string, store: string): Uint32Array | undefined {
  try {
    const bytes = readFileSync(path)
    if (!bytes.subarray(0, DIGEST_BYTES).equals(digestOf(store))) return undefined
    const words = new Uint8Array(bytes.subarray(DIGEST_BYTES, bytes.length - ((bytes.length - DIGEST_BYTES) % 8)))
    return new Uint32Array(words.buffer)
  } catch {
    return undefined
  }
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()

function replaceFile(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  const next = `${path}.tmp`
  writeFileSync(next, content)
  renameSync(next, path)
}
