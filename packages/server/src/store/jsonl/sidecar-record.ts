import { crc32 } from 'node:zlib'
import type { EventKind } from '@tallystick/core/event'
import type { Block } from './block.ts'
import type { FileIdentity } from './data-file.ts'
import type { Floors } from './floors.ts'

/** What the store knows beside what its files hold. */
export interface StoreState {
  /** Highest ordinal applied. It stays when the lines are removed. */
  readonly appliedOrdinal: number
  /** Events that ever came through the journal. What of them neither stands in the files nor has expired was cleared. */
  readonly accepted: number
  /** Of `accepted`, dropped by retention since the last clear. */
  readonly expired: number
  /** Events before this instant have expired. */
  readonly floorMs: number
  /** Events of a kind before an instant of its own; absent where none has been dropped so. */
  readonly kindFloorsMs?: readonly (readonly [EventKind, number])[]
  /** False when the sidecar was lost: what was cleared or expired before that is not known. */
  readonly complete: boolean
  /** The journal whose ordinals these are; absent where the store was never told. */
  readonly journalId?: string
}

export function floorsOf({ floorMs, kindFloorsMs = [] }: StoreState): Floors {
  return { floorMs, kinds: new Map(kindFloorsMs) }
}

/** The same as it is kept. */
export function stateOf({ floorMs, kinds }: Floors): Pick<StoreState, 'floorMs' | 'kindFloorsMs'> {
  return { floorMs, kindFloorsMs: [...kinds] }
}

export const NEW_STATE: StoreState = { appliedOrdinal: 0, accepted: 0, expired: 0, floorMs: 0, complete: true }

/** What one file is after a change: the first `kept` of its blocks as before, and `blocks` behind them. */
export interface FileChange {
  readonly number: number
  readonly identity: FileIdentity | undefined
  readonly kept: number
  readonly blocks: readonly Block[]
}

/** One change of the store. */
export interface SidecarRecord {
  /** Changes with every start of the machine. */
  readonly boot: string
  /** What it says stands on the disk: true after a power cut too. */
  readonly synced: boolean
  /** The store was closed behind it. */
  readonly closed: boolean
  readonly state: StoreState
  /** All files that there are. */
  readonly numbers: readonly number[]
  readonly files: readonly FileChange[]
}

const FORMAT = 1

/** One line: a checksum of the rest, and JSON. */
export function encodeRecord(record: SidecarRecord): string {
  const { files, ...rest } = record
  const json = JSON.stringify({
    v: FORMAT,
    ...rest,
    files: files.map((file) => ({ ...file, blocks: file.blocks.map(rowOf) })),
  })
  return `${checksum(json)} ${json}\n`
}

/** The record of a line without its line feed; undefined if a byte of it has changed or another version wrote it. */
export function decodeRecord(line: string): SidecarRecord | undefined {
  const json = line.slice(9)
  if (line[8] !== ' ' || line.slice(0, 8) !== checksum(json)) return undefined
  const { v, files, ...rest } = JSON.parse(json) as SidecarRecord & { readonly v: number }
  if (v !== FORMAT) return undefined
  const rows = files as unknown as readonly (Omit<FileChange, 'blocks'> & { readonly blocks: readonly Row[] })[]
  return { ...rest, files: rows.map((file) => ({ ...file, blocks: file.blocks.map(blockOf) })) }
}

const checksum = (json: string): string => crc32(json).toString(16).padStart(8, '0')

type Row = readonly [
  start: number,
  end: number,
  events: number,
  own: number,
  hidden: number,
  malformed: number,
  minMs: number | null,
  maxMs: number | null,
  after: number,
  last: number,
  crc: number,
  trusted: 0 | 1,
]

function rowOf(block: Block): Row {
  const { start, end, events, own, hidden, malformed, minMs, maxMs, after, last, crc, trusted } = block
  const [min, max] = events === 0 ? [null, null] : [minMs, maxMs]
  return [start, end, events, own, hidden, malformed, min, max, after, last, crc, trusted ? 1 : 0]
}

function blockOf(row: Row): Block {
  const [start, end, events, own, hidden, malformed, min, max, after, last, crc, trusted] = row
  return {
    start,
    end,
    events,
    own,
    hidden,
    malformed,
    minMs: min ?? Number.POSITIVE_INFINITY,
    maxMs: max ?? Number.NEGATIVE_INFINITY,
    after,
    last,
    crc,
    trusted: trusted === 1,
  }
}
