/**
 * `@tallystick/core`: what an application embeds. No dependencies, no `node:` modules on this entry.
 *
 * Recording (`EventStore`) is here. Beside it:
 *
 * - events, ids, units and the tables: `@tallystick/core/event`
 * - usage of providers: `@tallystick/core/provider`
 * - prices and cost: `@tallystick/core/pricing`
 * - aggregate, sketch, query: `@tallystick/core/query`
 * - the durable journal (Node only): `@tallystick/core/journal`
 * - the durable spool (Node only): `@tallystick/core/spool`
 */
export * from './errors.ts'
export * from './event/index.ts'
export { nearest, nearestNames, quoted } from './nearest.ts'
export { inferProvider, type Provider, parseProvider } from './provider/index.ts'
export * from './recorder/index.ts'
export * from './sync/index.ts'
