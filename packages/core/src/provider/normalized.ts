import type { Mutable, UsageCounts, UsageEvent } from '../event/event.ts'
import { codeOf, knownCode } from './stream/code.ts'

/** The members of the event that a provider's answer can fill. */
export type UsageFields = UsageCounts &
  Pick<UsageEvent, 'costReportedNanoUsd' | 'serviceTier' | 'responseModel' | 'finishReason'>

/** A provider's usage in canonical counting: totals inclusive, the rest subsets of them. */
export interface NormalizedUsage {
  readonly fields: UsageFields & { readonly usageConvention: string }
  /** What the answer said that cannot be so, in words; the figures were mended. */
  readonly anomalies: readonly string[]
}

type TokenField = keyof {
  [K in keyof UsageFields as NonNullable<UsageFields[K]> extends number ? K : never]: true
}

const INPUT_TOKENS: readonly TokenField[] = ['cacheReadTokens', 'cacheWriteTokens', 'cacheWrite1hTokens']
const INPUT_KINDS: readonly TokenField[] = ['inputAudioTokens', 'inputImageTokens']
const REASONING: readonly TokenField[] = ['reasoningTokens']
const OUTPUT_KINDS: readonly TokenField[] = ['outputAudioTokens', 'outputImageTokens']

/** Collects the figures of one answer and mends what contradicts itself. */
export class UsageBuilder {
  readonly #fields: Mutable<UsageFields> & { readonly usageConvention: string }
  readonly anomalies: string[] = []
  /** Told only where its parts are not: beside them it says nothing more, and where they differ the parts are what is billed. */
  #total: number | undefined
  #units: Record<string, number> | undefined

  constructor(convention: string) {
    this.#fields = { usageConvention: convention }
  }

  /**
   * The count at a path of the answer. Undefined when absent; what is no integer >= 0 is left out and reported.
   * Some emitters send digits as text, and those are read.
   */
  count(body: unknown, ...path: string[]): number | undefined {
    const value = at(body, ...path)
    if (value === undefined || value === null) return undefined
    const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number
    this.anomalies.push(`${path.join('.')} is not a whole number`)
    return undefined
  }

  set(field: TokenField, value: number | undefined): this {
    if (field === 'totalTokens') this.#total = value
    else if (value !== undefined) this.#fields[field] = value
    return this
  }

  text(field: 'serviceTier' | 'responseModel' | 'finishReason', value: unknown): this {
    if (field !== 'responseModel') {
      const word = field === 'finishReason' ? codeOf(value) : knownCode(value)
      if (word !== undefined) this.#fields[field] = word
      return this
    }
    // Bounded here, since a model's answer is not ours to trust; the door has the exact limits.
    if (typeof value === 'string' && value !== '' && value.length <= 256) this.#fields[field] = value
    return this
  }

  unit(name: string, value: number | undefined): this {
    if (value !== undefined && value > 0) {
      this.#units ??= Object.create(null) as Record<string, number>
      this.#units[name] = value
    }
    return this
  }

  /** The result, or undefined when the answer held no figure at all. */
  build(): NormalizedUsage | undefined {
    const fields = this.#fields
    const units = this.#units
    const parted = fields.inputTokens !== undefined || fields.outputTokens !== undefined
    if (!parted && this.#total === undefined && units === undefined) return undefined
    this.#subset('inputTokens', INPUT_TOKENS)
    this.#subset('inputTokens', INPUT_KINDS)
    this.#subset('outputTokens', REASONING)
    this.#subset('outputTokens', OUTPUT_KINDS)
    if (!parted && this.#total !== undefined) fields.totalTokens = this.#total
    if (units !== undefined) fields.units = units
    return { fields, anomalies: this.anomalies.length < 2 ? this.anomalies : [...new Set(this.anomalies)] }
  }

  /** Cuts parts, first come first kept, until they fit their total. */
  #subset(total: TokenField, parts: readonly TokenField[]): void {
    let room = this.#fields[total] ?? 0
    for (const part of parts) {
      const value = this.#fields[part]
      if (value === undefined) continue
      if (value > room) {
        this.anomalies.push(`${part} exceeds what is left of ${total}`)
        this.#fields[part] = room
      }
      room -= Math.min(value, room)
    }
  }
}

/** The value at a path of own members; undefined where any step is missing. */
export function at(value: unknown, ...path: string[]): unknown {
  let current = value
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined
    current = (current as Record<string, unknown>)[key]
  }
  return current
}

/** Sum of what is known; undefined when nothing is. */
export function plus(...values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  if (known.length === 0) return undefined
  const sum = known.reduce((total, value) => total + value, 0)
  return Number.isSafeInteger(sum) ? sum : Number.MAX_SAFE_INTEGER
}

/** `a - b`, never below zero; undefined when `a` is. */
export function less(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? undefined : Math.max(0, a - (b ?? 0))
}

/** Lists of `{ modality, tokenCount }` as Gemini writes them: the count of one modality. */
export function ofModality(builder: UsageBuilder, list: unknown, modality: string): number | undefined {
  if (!Array.isArray(list)) return undefined
  return plus(
    ...list.filter((entry) => at(entry, 'modality') === modality).map((entry) => builder.count(entry, 'tokenCount')),
  )
}
