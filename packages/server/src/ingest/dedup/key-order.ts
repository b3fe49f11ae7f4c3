/** Order of two 128-bit keys of four words each, most significant first: -1, 0 or 1. */
export function compareKeys(a: Uint32Array, atA: number, b: Uint32Array, atB: number): number {
  for (let word = 0; word < 4; word++) {
    const left = a[atA + word] as number
    const right = b[atB + word] as number
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}
