/** What one request is: the canonical event, its tables, ids, units, and one codec per wire shape. */
export * from './clock.ts'
export * from './dimensions.ts'
export * from './event.ts'
export * from './fields.ts'
export * from './ids.ts'
export * from './units.ts'
