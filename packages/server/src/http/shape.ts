const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const OPEN_BRACE = 0x7b

/** How much a JSON text makes once parsed. */
export interface JsonShape {
  /** Objects and arrays. */
  readonly containers: number
  /** Commas outside strings: members and elements, less one a container. */
  readonly commas: number
}

/**
 * Counts the containers and members of a JSON text without parsing it. Twenty megabytes of `{},` become half a gigabyte
 * of objects, so a large body is weighed before it is parsed. Malformed text gives some count; parsing decides about it.
 *
 * @complexity one pass, no allocation
 */
export function jsonShape(bytes: Uint8Array): JsonShape {
  let containers = 0
  let commas = 0
  const end = bytes.length
  for (let at = 0; at < end; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      for (at++; at < end && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++
    } else if (byte === COMMA) commas++
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) containers++
  }
  return { containers, commas }
}

/**
 * Is the value nested deeper than `limit` levels, itself being the first? Level by level instead of by recursion: a
 * body of a hundred thousand brackets must not exhaust the stack.
 *
 * @example isDeeperThan({ a: { b: 1 } }, 1) // true
 */
export function isDeeperThan(value: object, limit: number): boolean {
  let level: object[] = [value]
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > limit) return true
    const next: object[] = []
    for (const container of level) collectContainers(container, next)
    level = next
  }
  return false
}

function collectContainers(container: object, into: object[]): void {
  if (Array.isArray(container)) {
    for (const inner of container) if (typeof inner === 'object' && inner !== null) into.push(inner)
    return
  }
  // JSON.parse makes own enumerable members only, so for-in sees just those and is the fastest walk over them.
  for (const key in container) {
    const inner = (container as Record<string, unknown>)[key]
    if (typeof inner === 'object' && inner !== null) into.push(inner)
  }
}
