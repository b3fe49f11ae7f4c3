import type { Issue } from '../../errors.ts'

export type JsonObject = { readonly [key: string]: unknown }

/** Collects what is wrong with a price file, each with the path of the member, and reads on. */
export class Problems {
  readonly issues: Issue[] = []

  add(path: string, message: string): undefined {
    this.issues.push({ path, message })
    return undefined
  }

  /** The value as an object; undefined and noted when it is none. */
  object(path: string, value: unknown): JsonObject | undefined {
    return isObject(value) ? value : this.add(path, `must be an object, not ${nameOf(value)}`)
  }

  array(path: string, value: unknown): readonly unknown[] | undefined {
    return Array.isArray(value) ? value : this.add(path, `must be an array, not ${nameOf(value)}`)
  }

  /** A non-empty string of at most 256 characters, the longest name an event may carry. */
  name(path: string, value: unknown): string | undefined {
    if (typeof value !== 'string' || value === '')
      return this.add(path, `must be a non-empty string, not ${nameOf(value)}`)
    return value.length <= 256 ? value : this.add(path, 'must have at most 256 characters')
  }

  /** An amount of USD through one of the exact converters. */
  usd(path: string, value: unknown, convert: (usd: number | string) => number | undefined): number | undefined {
    const amount = typeof value === 'number' || typeof value === 'string' ? convert(value) : undefined
    return (
      amount ??
      this.add(
        path,
        `must be an amount of USD, not negative and within safe integers of nano-USD, not ${nameOf(value)}`,
      )
    )
  }

  /** Members beyond the known ones are most often misspelt prices. */
  unknownMembers(path: string, value: JsonObject, known: ReadonlySet<string>): void {
    for (const key of Object.keys(value)) {
      if (!known.has(key)) this.add(member(path, key), `is not known here; known: ${[...known].join(', ')}`)
    }
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `path.key`, or `path["key"]` where the key is no plain word. */
export function member(path: string, key: string): string {
  const shown = key.length > 80 ? `${key.slice(0, 80)}...` : key
  if (!/^\w+$/.test(shown)) return `${path}[${JSON.stringify(shown)}]`
  return path === '' ? shown : `${path}.${shown}`
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  return JSON.stringify(String(value).slice(0, 40))
}
