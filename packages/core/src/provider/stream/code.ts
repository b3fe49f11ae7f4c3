const CODE = /^[\p{L}\p{N}_.:/#-]{1,128}$/u

/**
 * A kind or code of error: one word, of 128 characters at most. What has spaces is a sentence, and may
 * quote what was sent.
 *
 * @example codeOf('rate_limit_exceeded') // 'rate_limit_exceeded'
 * @example codeOf('your prompt was too long') // undefined
 */
export function codeOf(value: unknown): string | undefined {
  return typeof value === 'string' && CODE.test(value) ? value : undefined
}

/** A reason for stopping: a code of at most 64 characters. */
export function reasonOf(value: unknown): string | undefined {
  const code = codeOf(value)
  return code === undefined || code.length > 64 ? undefined : code
}
