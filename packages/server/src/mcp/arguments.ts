import { type Issue, inlineIssues, nearest, quoted, TallystickError } from '@tallystick/core'

/** Reads the arguments of a tool and collects every problem, so that one answer tells of all. Null counts as left out. */
export class Arguments {
  readonly #given: ReadonlyMap<string, unknown>
  readonly #issues: Issue[] = []

  constructor(given: Readonly<Record<string, unknown>>, known: readonly string[]) {
    this.#given = new Map(Object.entries(given).filter(([, value]) => value !== null && value !== undefined))
    for (const name of this.#given.keys())
      if (!known.includes(name)) {
        const hint = known.length === 0 ? 'this tool takes none' : nearest(name, known)
        this.wrong(quoted(name).slice(1, -1), `no such argument; ${hint}`)
      }
  }

  wrong(path: string, message: string): undefined {
    this.#issues.push({ path, message })
  }

  get(name: string): unknown {
    return this.#given.get(name)
  }

  text(name: string, maxBytes: number): string | undefined {
    const value = this.#given.get(name)
    if (value === undefined) return undefined
    if (typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= maxBytes) return value
    return this.wrong(name, `must be text of 1 to ${maxBytes} bytes`)
  }

  integer(name: string, least: number, most: number): number | undefined {
    const value = this.#given.get(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
    return this.wrong(name, `must be an integer from ${least} to ${most}`)
  }

  flag(name: string): boolean | undefined {
    const value = this.#given.get(name)
    if (value === undefined || typeof value === 'boolean') return value
    return this.wrong(name, 'must be true or false')
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.#given.get(name)
    if (value === undefined) return undefined
    const choice = choices.find((known) => known === value)
    if (choice !== undefined) return choice
    const given = typeof value === 'string' ? `; ${quoted(value)} is not, ${nearest(value, choices)}` : ''
    return this.wrong(name, `must be one of ${choices.join(', ')}${given}`)
  }

  /** @throws TallystickError `invalid_query` with every problem */
  assertRight(): void {
    if (this.#issues.length === 0) return
    throw new TallystickError('invalid_query', `${inlineIssues(this.#issues)}.`, { issues: this.#issues })
  }
}
