import { TallystickError } from '@tallystick/core'
import { wireName } from '@tallystick/core/event'
import type { RepricedEvent } from '../repriced.ts'
import { type Block, type BlockRules, MAX_BLOCK_BYTES } from './block.ts'
import { rewriteFile } from './compact.ts'
import type { DataFile } from './data-file.ts'
import type { StoreNames } from './names.ts'

const UP = wireName('repricedUpNanoUsd')
const DOWN = wireName('repricedDownNanoUsd')
const PRICE = wireName('repricedPriceId')

/**
 * The file with its documents as they are repriced; itself where it has none of them. A file that holds a line too long to be
 * read is left as it is.
 *
 * @throws TallystickError `store_unavailable` if somebody writes to it meanwhile; then nothing was done
 */
export async function repriceFile(
  names: StoreNames,
  file: DataFile,
  rules: BlockRules,
  changes: ReadonlyMap<number, RepricedEvent>,
): Promise<DataFile> {
  const ordinals = [...changes.keys()].sort((a, b) => a - b)
  if (!file.blocks.some((block) => holdsAny(block, ordinals))) return file
  if (file.blocks.some(({ start, end }) => end - start > MAX_BLOCK_BYTES)) return file
  const rewritten = await rewriteFile(names, file, rules, ({ ordinal }, whole) => {
    const change = ordinal === undefined ? undefined : changes.get(ordinal)
    return change === undefined ? whole : repricedLine(whole, change)
  })
  if (rewritten) return rewritten
  throw new TallystickError(
    'store_unavailable',
    `${file.path} was written to while it was repriced; it is tried again.`,
  )
}

/** Only what a re-pricing says changes: members of other writers stay, and so does the stamp at the end. */
function repricedLine(whole: Buffer, { differenceNanoUsd, priceId }: RepricedEvent): Buffer {
  const { x_tallystick: extension, stored, ...document } = JSON.parse(whole.toString('utf8')) as Document
  const { [UP]: _up, [DOWN]: _down, [PRICE]: _price, ...kept } = extension ?? {}
  const change = differenceNanoUsd < 0 ? { [DOWN]: -differenceNanoUsd } : { [UP]: differenceNanoUsd }
  const line = { ...document, x_tallystick: { ...kept, ...change, [PRICE]: priceId }, stored }
  return Buffer.from(`${JSON.stringify(line)}\n`)
}

interface Document {
  readonly x_tallystick?: Readonly<Record<string, unknown>> | null
  readonly stored: unknown
  readonly [member: string]: unknown
}

function holdsAny({ after, last, own }: Block, ordinals: readonly number[]): boolean {
  return own > 0 && ordinals.some((ordinal) => ordinal > after && ordinal <= last)
}
