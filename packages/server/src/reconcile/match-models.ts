/** Names under which one model is known in front of its own name, and dates and words behind it. */
const FRONT = /^(?:models\/|[a-z0-9_.-]+\/)+/
const BEHIND = /(?:-\d{4}-\d\d-\d\d|-\d{8}|@\d{8}|-latest)$/

/**
 * A model's name without who serves it and which date it is of.
 *
 * @example baseName('openai/gpt-4o-2024-08-06') // 'gpt-4o'
 */
export function baseName(model: string): string {
  return model.toLowerCase().replace(FRONT, '').replace(BEHIND, '')
}

/**
 * The name by which a provider bills a model of ours: the same, else the only one that differs by date or prefix alone.
 * Where there are two such the name is left as it is: to choose would be a guess, and the difference shows.
 *
 * @example billedName('gpt-4o', ['gpt-4o-2024-08-06', 'gpt-4o-mini-2024-07-18']) // 'gpt-4o-2024-08-06'
 */
export function billedName(model: string, billed: Iterable<string>): string {
  const names = [...billed]
  if (names.includes(model)) return model
  const candidates = names.filter((name) => baseName(name) === baseName(model))
  return candidates.length === 1 ? (candidates[0] as string) : model
}
