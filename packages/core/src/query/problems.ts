import { type Issue, TallystickError } from '../errors.ts'
import { nearestNames, quoted } from './names.ts'

type QueryErrorCode = 'invalid_query' | 'unknown_measure' | 'unknown_dimension'

/** More would not be read, and a hostile body could make a hundred thousand. */
const MAX_ISSUES = 50
const MAX_ISSUES_IN_MESSAGE = 5

/** All that is wrong with a query, gathered so that one answer names everything to mend. */
export class Problems {
  readonly #issues: Issue[] = []
  readonly #codes = new Set<QueryErrorCode>()

  add(path: string, message: string, code: QueryErrorCode = 'invalid_query'): undefined {
    this.#codes.add(code)
    if (this.#issues.length < MAX_ISSUES) this.#issues.push({ path, message })
    return undefined
  }

  /** A name that is in none of the tables; says which are most like it. */
  addUnknown(
    path: string,
    code: 'unknown_measure' | 'unknown_dimension',
    name: string,
    candidates: readonly string[],
  ): undefined {
    // Each search compares with every name of the table; past the cap nobody reads it.
    if (this.#issues.length >= MAX_ISSUES) return this.add(path, '', code)
    const kind = code === 'unknown_measure' ? 'measure' : 'dimension'
    const nearest = nearestNames(name, candidates).map(quoted).join(', ')
    return this.add(path, `no ${kind} ${quoted(name)}; nearest: ${nearest}`, code)
  }

  /** Throws if there are any: their common code, or `invalid_query` for a mixture. */
  throwIfAny(): void {
    if (this.#issues.length === 0) return
    const [only] = this.#codes
    const code = this.#codes.size === 1 && only !== undefined ? only : 'invalid_query'
    const shown = this.#issues
      .slice(0, MAX_ISSUES_IN_MESSAGE)
      .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    const more = this.#issues.length > shown.length ? `; and ${this.#issues.length - shown.length} more` : ''
    throw new TallystickError(code, `${shown.join('; ')}${more}.`, { issues: this.#issues })
  }
}
