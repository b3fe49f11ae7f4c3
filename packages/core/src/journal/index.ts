/** The durable append-only log: what an acknowledgement depends on. Node only. */
export * from './damage.ts'
export { type JournalFile, type JournalFs, nodeFs } from './fs.ts'
export type { AppendTicket, Journal, JournalChange, JournalState, JournalStats, SealedSegment } from './journal.ts'
export { metaLine, putMetaLine, readMetaLines, replaceFile } from './line-file.ts'
export {
  behindLine,
  type JournalLines,
  lineDamage,
  lineStart,
  parseLine,
  type ReadLinesOptions,
  readLines,
} from './lines.ts'
export { compressedName, listSegments, plainName, type SegmentFiles } from './names.ts'
export { type JournalOptions, type JournalTrace, type JournalWitness, openJournal } from './open.ts'
export * from './position.ts'
export { type JournalBatch, type ReadJournalOptions, readJournal } from './read.ts'
export * from './record.ts'
export { type JournalVerification, type VerifyJournalOptions, verifyJournal } from './verify.ts'
