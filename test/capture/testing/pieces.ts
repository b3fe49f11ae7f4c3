import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Text of a person or a model: parts of its own, and words that anybody might write between them. */
export type Text = readonly (string | { readonly common: string })[]

export const whole = (text: Text): string =>
  text.map((part) => (typeof part === 'string' ? part : part.common)).join('')

const PIECE = 12

/**
 * Every piece of 12 characters that only this text can have put anywhere: those that lie in common words alone (`"input_tokens"`)
 * are in every file that holds events. Each as its bytes and as JSON would have them.
 */
export function* piecesOf(text: Text): Generator<Buffer> {
  const characters = text.flatMap((part) =>
    Array.from(typeof part === 'string' ? part : part.common, (character) => ({
      character,
      own: typeof part === 'string',
    })),
  )
  for (let at = 0; at + PIECE <= characters.length; at++) {
    const window = characters.slice(at, at + PIECE)
    if (!window.some(({ own }) => own)) continue
    const piece = window.map(({ character }) => character).join('')
    yield Buffer.from(piece)
    const escaped = JSON.stringify(piece).slice(1, -1)
    if (escaped !== piece) yield Buffer.from(escaped)
  }
}

/** Looks for many pieces at once, in one pass: a rolling hash of as many bytes as the shortest piece has. */
export class PieceFinder {
  readonly #byHash = new Map<number, Buffer[]>()
  count = 0

  constructor(pieces: Iterable<Buffer>) {
    for (const piece of pieces) {
      const hash = hashOf(piece, 0)
      const same = this.#byHash.get(hash) ?? []
      if (same.some((other) => other.equals(piece))) continue
      same.push(piece)
      this.#byHash.set(hash, same)
      this.count++
    }
  }

  /** The pieces that are in it. */
  in(bytes: Buffer): string[] {
    const found = new Set<string>()
    if (bytes.length < PIECE) return []
    let hash = hashOf(bytes, 0)
    for (let at = 0; ; at++) {
      for (const piece of this.#byHash.get(hash) ?? [])
        if (bytes.compare(piece, 0, piece.length, at, at + piece.length) === 0) found.add(piece.toString())
      const next = bytes[at + PIECE]
      if (next === undefined) return [...found]
      hash = (Math.imul(hash - Math.imul(bytes[at] as number, HIGHEST), BASE) + next) >>> 0
    }
  }
}

const BASE = 0x01000193
const HIGHEST = Array.from({ length: PIECE - 1 }).reduce<number>((power) => Math.imul(power, BASE), 1)

function hashOf(bytes: Buffer, from: number): number {
  let hash = 0
  for (let at = from; at < from + PIECE; at++) hash = (Math.imul(hash, BASE) + (bytes[at] as number)) >>> 0
  return hash
}

/** Every file below a folder, and what is in it; compressed ones also as they are inside. */
export function* filesBelow(folder: string): Generator<{ readonly path: string; readonly bytes: Buffer }> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) yield* filesBelow(path)
    else if (statSync(path).isFile()) {
      const bytes = readFileSync(path)
      yield { path, bytes }
      if (bytes[0] === 0x1f && bytes[1] === 0x8b) yield { path: `${path}, unpacked`, bytes: gunzipSync(bytes) }
    }
  }
}
