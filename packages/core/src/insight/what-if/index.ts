/** What traffic would cost on other models. */
export type { Comparison, Range, TargetAnswer, Uncertainty, WhatIfTarget } from './comparison.ts'
export { type TokenDrift, tokenDrift } from './tokenizers.ts'
export * from './what-if.ts'
