const ESCAPE = /%[0-9a-f]{2}/gi
/** What stands for itself in a path, escaped or not. */
const UNRESERVED = /^[A-Za-z0-9._~-]$/

/**
 * How whoever answers may read a path, the likeliest first: one way where nothing in it is escaped.
 *
 * Servers differ in what they take for the same path: a letter may be escaped, slashes doubled or at the end, and many take an
 * escaped slash for a slash. What is recorded, and what counts in a budget, must not hang on how a client spells it. An escaped
 * slash is first taken for a part of a name, as Bedrock's names of models have it.
 *
 * @example pathSpellings('/v1//chat/%63ompletions/') // ['/v1/chat/completions']
 * @example pathSpellings('/model/a%2Fb/converse') // ['/model/a%2Fb/converse', '/model/a/b/converse']
 */
export function pathSpellings(pathname: string): readonly string[] {
  if (!pathname.includes('%')) return [tidy(pathname)]
  const plain = tidy(pathname.replace(ESCAPE, (escaped) => decodedIf(UNRESERVED, escaped)))
  if (!plain.includes('%')) return [plain]
  const decoded = tidy(pathname.replace(ESCAPE, (escaped) => decodedIf(/^[\x21-\x7e]$/, escaped)))
  return decoded === plain ? [plain] : [plain, decoded]
}

function decodedIf(which: RegExp, escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  return which.test(character) ? character : escaped.toUpperCase()
}

/** Without slashes that are doubled or at the end. */
function tidy(path: string): string {
  const single = path.includes('//') ? path.replace(/\/{2,}/g, '/') : path
  return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single
}
