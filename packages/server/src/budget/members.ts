import { type ErrorCode, type Issue, inlineIssues, nearest, quoted, TallystickError } from '@tallystick/core'

/** The largest amount of anything: 10^27 - 1, far beyond all money and still a small integer to reckon with. */
export const MAX_DIGITS = 27
const DIGITS = /^\d+$/

/** Reads the members of a JSON object one by one and remembers everything that is wrong with them. */
export class Members {
  readonly #members: ReadonlyMap<string, unknown>
  readonly #what: string
  readonly #issues: { readonly code: ErrorCode; readonly issue: Issue }[] = []

  /** A member that is null counts as left out. @throws TallystickError `not_an_object` */
  constructor(value: unknown, what: string, known: readonly string[]) {
    this.#what = what
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!isObject) {
      this.wrong('', 'not_an_object', 'must be a JSON object')
      // Nothing more can be said of it.
      this.throwIfWrong()
    }
    this.#members = new Map(Object.entries(isObject ? value : {}).filter(([, member]) => member !== null))
    for (const name of this.#members.keys())
      if (!known.includes(name))
        this.wrong(quoted(name).slice(1, -1), 'unknown_value', `no such member; ${nearest(name, known)}`)
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  value(name: string): unknown {
    return this.#members.get(name)
  }

  wrong(path: string, code: ErrorCode, message: string): undefined {
    if (this.#issues.length < 20) this.#issues.push({ code, issue: { path, message } })
    return undefined
  }

  missing(name: string, hint: string): undefined {
    return this.wrong(name, 'missing_field', `is missing: ${hint}`)
  }

  text(name: string, maxBytes = 128): string | undefined {
    return this.textOf(name, this.#members.get(name), maxBytes)
  }

  textOf(path: string, value: unknown, maxBytes: number): string | undefined {
    if (value === undefined) return undefined
    if (typeof value !== 'string') return this.wrong(path, 'invalid_type', 'must be text')
    if (value === '') return this.wrong(path, 'empty_value', 'must not be empty')
    if (Buffer.byteLength(value) > maxBytes) return this.wrong(path, 'too_long', `must be at most ${maxBytes} bytes`)
    if (!value.isWellFormed() || value.includes('\0')) return this.wrong(path, 'invalid_text', 'must be valid Unicode')
    return value
  }

  /** An exact integer of at least 0, as a number or as digits in a string. */
  amount(name: string): bigint | undefined {
    const value = this.#members.get(name)
    if (value === undefined) return undefined
    if (typeof value === 'string') {
      if (DIGITS.test(value) && value.length <= MAX_DIGITS) return BigInt(value)
      if (DIGITS.test(value)) return this.wrong(name, 'out_of_range', `must have at most ${MAX_DIGITS} digits`)
      if (/^-\d/.test(value)) return this.wrong(name, 'out_of_range', 'must not be negative')
      return this.wrong(name, 'not_an_integer', `must be an integer, not ${quoted(value)}`)
    }
    if (typeof value !== 'number') return this.wrong(name, 'invalid_type', 'must be an integer')
    if (value < 0) return this.wrong(name, 'out_of_range', 'must not be negative')
    if (!Number.isInteger(value)) return this.wrong(name, 'not_an_integer', `must be an integer, not ${value}`)
    if (!Number.isSafeInteger(value))
      return this.wrong(name, 'out_of_range', 'must be sent as a string of digits beyond 9007199254740991')
    return BigInt(value)
  }

  integer(name: string, least: number, most: number): number | undefined {
    return this.integerOf(name, this.#members.get(name), least, most)
  }

  integerOf(path: string, value: unknown, least: number, most: number): number | undefined {
    if (value === undefined) return undefined
    if (typeof value !== 'number') return this.wrong(path, 'invalid_type', 'must be an integer')
    if (!Number.isInteger(value)) return this.wrong(path, 'not_an_integer', `must be an integer, not ${value}`)
    if (value < least || value > most)
      return this.wrong(path, 'out_of_range', `must be from ${least} to ${most}, not ${value}`)
    return value
  }

  flag(name: string): boolean | undefined {
    const value = this.#members.get(name)
    if (value === undefined || typeof value === 'boolean') return value
    return this.wrong(name, 'invalid_type', 'must be true or false')
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.#members.get(name)
    if (value === undefined) return undefined
    const choice = choices.find((one) => one === value)
    return choice ?? this.wrong(name, 'unknown_value', `must be ${choices.join(' or ')}`)
  }

  /** @throws TallystickError with every problem: its own code where they share one, else `invalid_body` */
  throwIfWrong(): void {
    const [first] = this.#issues
    if (first === undefined) return
    const issues = this.#issues.map(({ issue }) => issue)
    const shared = this.#issues.every(({ code }) => code === first.code)
    throw new TallystickError(
      shared ? first.code : 'invalid_body',
      `The ${this.#what} is not right: ${inlineIssues(issues)}.`,
      { issues },
    )
  }
}
