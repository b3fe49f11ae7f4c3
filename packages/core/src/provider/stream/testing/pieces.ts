/** The bytes cut at these places (any order, any number of them, beyond the end too). */
export function pieces(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [...cuts, bytes.length].map((to, index) => bytes.subarray(index === 0 ? 0 : (cuts[index - 1] as number), to))
}
