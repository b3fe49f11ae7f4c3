/** The durable append-only log: what an acknowledgement depends on. Node only. */
export * from './position.ts'
