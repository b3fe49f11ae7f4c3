import { type Issue, inlineIssues, nearest, quoted, TallystickError } from '@tallystick/core'

/**
 * Reads the members of a body that tells the server something. Every problem is collected, so that all of them are
 * answered at once; absent and `null` are the same.
 */
export class Members {
  readonly #body: ReadonlyMap<string, unknown>
  readonly #issues: Issue[] = []

  /** @throws TallystickError `invalid_body` when it is no object */
  constructor(body: unknown, known: readonly string[]) {
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw new TallystickError('invalid_body', 'The body is not a JSON object.')
    this.#body = new Map(Object.entries(body).filter(([, value]) => value !== null))
    for (const name of this.#body.keys())
      if (!known.includes(name)) this.wrong(quoted(name).slice(1, -1), `no such member; ${nearest(name, known)}`)
  }

  wrong(path: string, message: string): void {
    this.#issues.push({ path, message })
  }

  has(name: string): boolean {
    return this.#body.has(name)
  }

  /** Text of 1 to `bytes` bytes. */
  text(name: string, bytes: number): string | undefined {
    const value = this.#body.get(name)
    if (value === undefined) return undefined
    if (typeof value === 'string' && isText(value) && Buffer.byteLength(value) <= bytes) return value
    this.wrong(name, `must be text of 1 to ${bytes} bytes`)
    return undefined
  }

  /** An integer of `least` at the least. */
  integer(name: string, least: number): number | undefined {
    const value = this.#body.get(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
    this.wrong(name, `must be an integer from ${least} to ${Number.MAX_SAFE_INTEGER}`)
    return undefined
  }

  flag(name: string): boolean | undefined {
    const value = this.#body.get(name)
    if (value === undefined || typeof value === 'boolean') return value
    this.wrong(name, 'must be true or false')
    return undefined
  }

  /** A list of some of `choices`, with at least one in it. */
  some<T extends string>(name: string, choices: readonly T[]): readonly T[] | undefined {
    const value = this.#body.get(name)
    if (value === undefined) return undefined
    if (Array.isArray(value) && value.length > 0 && value.every((entry) => choices.includes(entry as T)))
      return choices.filter((choice) => value.includes(choice))
    this.wrong(name, `must be a list of ${choices.join(', ')}`)
    return undefined
  }

  /**
   * A list of 1 to `most` entries.
   *
   * @param read gives an entry, or in words what is wrong with it
   */
  list<T extends object>(name: string, most: number, read: (entry: unknown) => T | string): readonly T[] | undefined {
    const value = this.#body.get(name)
    if (value === undefined) return undefined
    if (!Array.isArray(value) || value.length === 0 || value.length > most) {
      this.wrong(name, `must be a list of 1 to ${most}`)
      return undefined
    }
    return value.flatMap((entry, index) => {
      const found = read(entry)
      if (typeof found !== 'string') return [found]
      this.wrong(`${name}[${index}]`, found)
      return []
    })
  }

  /** @throws TallystickError `invalid_body` with every problem */
  assertRight(): void {
    if (this.#issues.length === 0) return
    throw new TallystickError('invalid_body', `${inlineIssues(this.#issues)}.`, { issues: this.#issues })
  }
}

const isText = (value: string): boolean => value !== '' && value.isWellFormed() && !/\p{Cc}/u.test(value)
