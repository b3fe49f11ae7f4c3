/** The durable spool between recorder and sync client: what a killed process has not sent is sent after it was started again. Node only. */
export { type DeadLetterFile, type DeadLetterFileOptions, deadLetterFile } from './dead-letter-file.ts'
export { openSpool } from './open.ts'
export type { SpoolOptions } from './options.ts'
export type { Spool, SpoolStats } from './spool.ts'
