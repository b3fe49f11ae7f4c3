import { TallystickError } from '@tallystick/core'
import { assertTable } from '../state/record.ts'
import type { Change, ControlState, TableName } from '../state/state.ts'

/**
 * Tables that other servers have a copy of: what must be known to let somebody in and to say how budgets stand. Of secrets they
 * hold hashes only; rules of alerts, which hold addresses and secrets of receivers, are not among them.
 */
export const COPIED: readonly TableName[] = ['tenants', 'agents', 'keys', 'sessions', 'budgets', 'leases', 'holds']

/** A part of the control state on its way to a server that has a copy: all of it, or what has changed since a position. */
export interface Portion {
  /** Rows that are not in it are gone. */
  readonly whole: boolean
  /** The position that it leads to: opaque to all but whoever gave it out. */
  readonly position: string
  readonly changes: readonly Change[]
}

const LINES_AT_ONCE = 500

/** One JSON value a line: the head, the changes, and a last line that proves that nothing is missing. */
export async function* portionLines({ whole, position, changes }: Portion): AsyncGenerator<string> {
  yield `${JSON.stringify({ position, whole })}\n`
  for (let at = 0; at < changes.length; at += LINES_AT_ONCE)
    yield `${changes
      .slice(at, at + LINES_AT_ONCE)
      .map((change) => JSON.stringify(change))
      .join('\n')}\n`
  yield `${JSON.stringify({ end: changes.length })}\n`
}

/**
 * Reads what {@link portionLines} gave.
 *
 * @throws TallystickError `bad_answer` for half of it, or something else; `journal_newer_format` for a table that this version does not have
 */
export async function readPortion(text: AsyncIterable<string>): Promise<Portion> {
  const changes: Change[] = []
  let head: { readonly position: string; readonly whole: boolean } | undefined
  let ended = false
  for await (const line of linesOf(text)) {
    const value = jsonOf(line)
    if (ended) throw broken('it goes on behind its end')
    if (head === undefined) head = headOf(value)
    else if (typeof value['end'] === 'number') {
      if (value['end'] !== changes.length) throw broken(`${changes.length} changes came and ${value['end']} were sent`)
      ended = true
    } else changes.push(changeOf(value))
  }
  if (head === undefined || !ended) throw broken('it breaks off')
  return { ...head, changes }
}

/** The rows of the tables that are copied, as they are now. */
export function wholeOf(state: Pick<ControlState, 'rows'>): readonly Change[] {
  return COPIED.flatMap((table) => [...state.rows(table)].map(([id, row]) => ({ table, id, row }) as Change))
}

async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of text) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() as string
    yield* lines
  }
  // What is not ended by a line feed was cut off.
  if (rest !== '') throw broken('its last line is unfinished')
}

function jsonOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  } catch {
    // Told as any other line that cannot be right.
  }
  throw broken('a line of it is no JSON object')
}

function headOf({ position, whole }: Readonly<Record<string, unknown>>): Pick<Portion, 'position' | 'whole'> {
  if (typeof position !== 'string' || typeof whole !== 'boolean') throw broken('it does not begin with a position')
  return { position, whole }
}

function changeOf({ table, id, row }: Readonly<Record<string, unknown>>): Change {
  assertTable(table)
  if (!(COPIED as readonly unknown[]).includes(table) || typeof id !== 'string' || !isRow(row))
    throw broken('a line of it is no change')
  return { table, id, row } as Change
}

/** Absent: the row is removed. */
const isRow = (row: unknown): boolean => row === undefined || (typeof row === 'object' && row !== null)

const broken = (why: string): TallystickError =>
  new TallystickError('bad_answer', `A copy of the control state cannot be read: ${why}.`)
