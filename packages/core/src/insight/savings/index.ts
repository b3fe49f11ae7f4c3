/** What could cost less: rules over the figures of a store. Pure; runs in browsers. */
export { findSavings, SAVING_RULES } from './find-savings.ts'
export { RATED_MEASURES, rerate } from './rerate.ts'
export type { Confidence, QueryFilter, Saving, SavingContext, SavingQuery, SavingRule } from './saving.ts'
