import type { Group } from '../insight/index.ts'
import type { Named } from './types.ts'

/** An object of groups by name, without a prototype: `__proto__` and `constructor` are names like any other. */
export function namedBy<Value, Shown>(
  groups: readonly Group<Value>[],
  show: (value: Value, name: readonly string[]) => Shown,
): Named<Shown> {
  const named: Named<Shown> = Object.create(null)
  for (const { name, value } of groups) named[freeKey(named, name.join('_'))] = show(value, name)
  return named
}

/** `a_b` and `c` make the same old key as `a` and `b_c`: the second to come gets a number. */
function freeKey(named: Named<unknown>, key: string): string {
  let free = key
  for (let number = 2; free in named; number++) free = `${key}#${number}`
  return free
}

export function percent(part: number, whole: number): number {
  return whole > 0 ? (part / whole) * 100 : 0
}

export function mean(total: number | bigint, count: number): number {
  return count > 0 ? Number(total) / count : 0
}

export function isoInstant(ms: number): string {
  return new Date(ms).toISOString()
}
