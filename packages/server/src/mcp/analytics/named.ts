/**
 * An object by names from outside, without a prototype, so that `__proto__` is a name like any other. A name that comes
 * again, such as a backend called like a provider, ends in `#2`.
 */
export function objectBy<Value>(entries: Iterable<readonly [name: string, value: Value]>): { [name: string]: Value } {
  const object: { [name: string]: Value } = Object.create(null)
  for (const [name, value] of entries) {
    let free = name
    for (let number = 2; free in object; number++) free = `${name}#${number}`
    object[free] = value
  }
  return object
}

/** 0 to 100; 0 of nothing. */
export const percent = (part: number, whole: number): number => (whole > 0 ? (part / whole) * 100 : 0)

export const isoInstant = (ms: number): string => new Date(ms).toISOString()
