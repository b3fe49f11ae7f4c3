import type { FilterValue } from './query.ts'

const TYPE_ORDER: readonly string[] = ['object', 'boolean', 'number', 'string']

/**
 * A total order of tuples of equal length: null first, then false and true, numbers, and strings by code point, which is
 * also the order of their UTF-8 bytes and so the one a database's binary collation has.
 */
export function compareValues(a: readonly FilterValue[], b: readonly FilterValue[]): number {
  for (let index = 0; index < a.length; index++) {
    const left = a[index] as FilterValue
    const right = b[index] as FilterValue
    if (left === right) continue
    const order = TYPE_ORDER.indexOf(typeof left) - TYPE_ORDER.indexOf(typeof right)
    if (order !== 0) return order
    if (typeof left === 'string') return compareCodePoints(left, right as string)
    return (left as number | boolean) < (right as number | boolean) ? -1 : 1
  }
  return 0
}

function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left !== right) return codePointRank(left) - codePointRank(right)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above all others, yet their units lie below U+E000: swap the two ranges. */
function codePointRank(unit: number): number {
  if (unit >= 0xe000) return unit - 0x800
  return unit >= 0xd800 ? unit + 0x2000 : unit
}
