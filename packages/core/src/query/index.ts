/** The algebra: tables of measures, aggregate, sketch, time buckets, query validation and the fold. Pure; runs in browsers. */
export * from './counters.ts'
export * from './measures.ts'
export * from './quantities.ts'
export * from './query.ts'
