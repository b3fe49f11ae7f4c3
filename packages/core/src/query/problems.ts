import { type Issue, inlineIssues, TallystickError } from '../errors.ts'
import { nearest, quoted } from '../nearest.ts'

type QueryErrorCode = 'invalid_query' | 'unknown_measure' | 'unknown_dimension'

/** More would not be read, and a hostile body could make a hundred thousand. */
const MAX_ISSUES = 50

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
    return this.add(path, `no ${kind} ${quoted(name)}; ${nearest(name, candidates)}`, code)
  }

  /** Throws if there are any: their common code, or `invalid_query` for a mixture. */
  throwIfAny(): void {
    if (this.#issues.length === 0) return
    const [only] = this.#codes
    const code = this.#codes.size === 1 && only !== undefined ? only : 'invalid_query'
    throw new TallystickError(code, `${inlineIssues(this.#issues)}.`, { issues: this.#issues })
  }
}
