/** A use of a series in an expression. */
interface Use {
  readonly name: string
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[]
  /** The innermost function or aggregation around it. */
  readonly within: string | undefined
}

/** What an expression of PromQL names. */
interface Names {
  readonly uses: readonly Use[]
  /** Labels of `by`, `on` and their like. */
  readonly groupings: readonly string[]
  /** Labels that `label_replace` makes. */
  readonly made: readonly string[]
}

const TOKEN = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\d[\w.]*|[a-zA-Z_:][\w:]*|[=!]~|[=!<>]=|[^\s\w]/g
const GROUPINGS: ReadonlySet<string> = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right'])
const WORDS: ReadonlySet<string> = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan', 'start', 'end'])
const isName = (token: string | undefined): boolean => /^[a-zA-Z_:]/.test(token ?? '')
const unquoted = (token: string): string => token.slice(1, -1).replace(/\\(.)/g, '$1')

/**
 * Reads the names out of an expression, which promtool has found to be valid. A selector has its name before its braces.
 *
 * @example namesIn('sum by (a) (rate(x_total{b="c"}[5m]))').uses[0] // { name: 'x_total', within: 'rate', matchers: [...] }
 */
export function namesIn(expression: string): Names {
  const tokens: readonly string[] = expression.match(TOKEN) ?? []
  const uses: Use[] = []
  const groupings: string[] = []
  const made: string[] = []
  const calls: (string | undefined)[] = []
  let called: string | undefined
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as string
    if (token === '(') {
      calls.push(called)
      called = undefined
    } else if (token === ')') calls.pop()
    else if (token === '[') at = tokens.indexOf(']', at)
    else if (token === '{') throw new Error(`A selector without a name: ${expression}`)
    else if (/^["']/.test(token)) {
      if (calls.at(-1) === 'label_replace' && tokens[at - 1] === ',' && !made.includes(unquoted(token))) {
        made.push(unquoted(token))
        at = tokens.indexOf(')', at) - 1
      }
    } else if (!isName(token) || WORDS.has(token.toLowerCase())) continue
    else if (GROUPINGS.has(token)) {
      if (tokens[at + 1] !== '(') continue
      const end = tokens.indexOf(')', at)
      groupings.push(...tokens.slice(at + 2, end).filter(isName))
      at = end
    } else if (tokens[at + 1] === '(' || GROUPINGS.has(tokens[at + 1] as string)) called = token
    else {
      const matchers: { label: string; operator: string; value: string }[] = []
      if (tokens[at + 1] === '{') {
        const end = tokens.indexOf('}', at)
        for (let inside = at + 2; inside < end; inside += 4)
          matchers.push({
            label: tokens[inside] as string,
            operator: tokens[inside + 1] as string,
            value: unquoted(tokens[inside + 2] as string),
          })
        at = end
      }
      uses.push({ name: token, matchers, within: calls.findLast((name) => name !== undefined) })
    }
  }
  return { uses, groupings, made }
}
