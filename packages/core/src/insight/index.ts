/** Rules over figures: rankings, cost of many requests, projections, recommendations, patterns of errors. Pure; runs in browsers. */
export * from './error-patterns.ts'
export * from './groups.ts'
export * from './hours.ts'
export * from './markdown.ts'
export * from './projection.ts'
export * from './recommendations.ts'
export * from './score.ts'
export * from './token-cost.ts'
