import { type Issue, inlineIssues, nearest, quoted, TallystickError } from '@tallystick/core'
import type { RouteDoc } from './openapi/route-doc.ts'

/** What the query string of a route may hold, each at most once: the values a parameter may have, or any text. */
export type ParameterTable = ReadonlyMap<string, readonly string[] | 'text'>

/** The parameters of the query string that a route's description lists. */
export function documentedParameters({ parameters = [] }: RouteDoc): ParameterTable {
  return new Map(
    parameters
      .filter((parameter) => parameter.in === 'query')
      .map(({ name, schema }) => [name, (schema.enum as readonly string[] | undefined) ?? 'text']),
  )
}

/** Names beside the table's that a route reads itself and that may be given more than once. */
export interface FurtherNames {
  has(name: string): boolean
  /** What to suggest for a name that is not among them. */
  readonly names: readonly string[]
}

const NO_FURTHER: FurtherNames = { has: () => false, names: [] }
/** More would not be read. */
const MAX_ISSUES = 50

/**
 * Refuses what the table does not know. A parameter that is passed over in silence looks like one that was heeded.
 *
 * @throws TallystickError `unknown_parameter` if there is one, else `unknown_value`, with every problem found
 * @example checkParameters(new URLSearchParams('resutls=all'), new Map([['results', ['all']]])) // throws unknown_parameter
 */
export function checkParameters(
  parameters: URLSearchParams,
  table: ParameterTable,
  further: FurtherNames = NO_FURTHER,
): void {
  const issues: Issue[] = []
  let unknown = false
  for (const name of new Set(parameters.keys())) {
    const values = table.get(name)
    const given = parameters.getAll(name)
    const path = quoted(name).slice(1, -1)
    if (values === undefined) {
      if (further.has(name)) continue
      unknown = true
      // Each search compares with every name there is.
      if (issues.length >= MAX_ISSUES) break
      const known = [...table.keys(), ...further.names]
      const hint = known.length === 0 ? 'this address takes none' : nearest(name, known)
      issues.push({ path, message: `no such parameter; ${hint}` })
    } else if (given.length > 1) issues.push({ path, message: 'may be given once' })
    else if (values !== 'text' && !values.includes(given[0] as string))
      issues.push({ path, message: `must be ${values.join(', ')}, or absent; not ${quoted(given[0] as string)}` })
  }
  if (issues.length > 0)
    throw new TallystickError(unknown ? 'unknown_parameter' : 'unknown_value', `${inlineIssues(issues)}.`, { issues })
}
