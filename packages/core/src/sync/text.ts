const MAX_CHARS = 500

/** What a server said, for a message of ours: it may be anything, of any length. */
export function boundedText(value: unknown): string {
  const text = String(value)
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}...` : text
}
