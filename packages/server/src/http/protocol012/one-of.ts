/**
 * What rows have in common where several are shown as one: the value of all of them, or null where they differ or have none.
 *
 * @example oneOf(['ip_openai_001', 'ip_openai_001']) // 'ip_openai_001'
 */
export function oneOf(values: Iterable<string | null>): string | null {
  const different = new Set(values)
  const [value = null] = different
  return different.size === 1 ? value : null
}
