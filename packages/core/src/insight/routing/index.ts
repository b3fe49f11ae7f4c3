/** How tools, backends and the routing between them do, from answers of the query API. */
export * from './decisions.ts'
export * from './hour-grid.ts'
export * from './questions.ts'
