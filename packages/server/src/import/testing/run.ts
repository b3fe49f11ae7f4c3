import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ErrorCode } from '@tallystick/core'
import { KnownNames } from '../known-names.ts'
import {
  type ImportSource,
  type JsonValue,
  type NameMemory,
  newProgress,
  type ReadProgress,
  type WireEvent,
} from '../record.ts'

export const folder = (): string => mkdtempSync(join(tmpdir(), 'tallystick-import-'))

/** What one run of a source gave. */
export interface Run {
  readonly items: readonly WireEvent[]
  readonly problems: readonly { readonly code: ErrorCode; readonly where: string }[]
  readonly progress: ReadProgress
  /** As the next run gets them. */
  readonly marks: Map<string, JsonValue>
}

/** Later than any file of a test is written. */
export const LATER_MS = 60 * 60_000

/** Runs a source over files; every event is taken for acknowledged. */
export async function run(
  source: ImportSource,
  paths: readonly string[],
  options: {
    readonly marks?: ReadonlyMap<string, JsonValue>
    readonly known?: NameMemory
    readonly sinceMs?: number
    /** How long after now the run is; files that were written just now may still be written to. */
    readonly afterMs?: number
  } = {},
): Promise<Run> {
  const progress = newProgress()
  const marks = new Map(options.marks)
  const items: WireEvent[] = []
  const problems: { code: ErrorCode; where: string }[] = []
  const reading = {
    paths,
    values: new Map<string, string>(),
    env: {},
    ...(options.sinceMs === undefined ? {} : { sinceMs: options.sinceMs }),
    nowMs: Date.now() + (options.afterMs ?? LATER_MS),
    marks: options.marks ?? new Map<string, JsonValue>(),
    known: options.known ?? new KnownNames(),
    progress,
  }
  for await (const record of source.read(reading)) {
    if ('item' in record) items.push(record.item)
    else if ('problem' in record) problems.push({ code: record.problem.code, where: record.where })
    else marks.set(record.mark.key, record.mark.value)
  }
  return { items, problems, progress, marks: new Map(JSON.parse(JSON.stringify([...marks])) as [string, JsonValue][]) }
}

/** Sum of a member over events. */
export const sum = (items: readonly WireEvent[], member: string): number =>
  items.reduce((total, item) => total + Number(item[member] ?? 0), 0)
