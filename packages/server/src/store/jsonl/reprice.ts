import { TallystickError } from '@tallystick/core'
import { wireName } from '@tallystick/core/event'
import type { RepricedEvent } from '../repriced.ts'
import type { Block } from './block.ts'
import { type Change, MAX_BLOCK_BYTES, rewriteFile } from './compact.ts'
import type { FileSet } from './file-set.ts'

const UP = wireName('repricedUpNanoUsd')
const DOWN = wireName('repricedDownNanoUsd')
const PRICE = wireName('repricedPriceId')

/** Somebody else may write to the file while it is written anew. */
const ATTEMPTS = 10

/**
 * Writes a file anew with its documents as they are repriced. One that holds none of them, or a line too long to be read, stays
 * as it is.
 *
 * @throws TallystickError `store_unavailable` if somebody keeps writing to it
 */
export async function repriceInFile(
  set: FileSet,
  number: number,
  changes: ReadonlyMap<number, RepricedEvent>,
): Promise<void> {
  const ordinals = [...changes.keys()]
  const change: Change = (bytes, line) => {
    const of = line?.ordinal === undefined ? undefined : changes.get(line.ordinal)
    return of === undefined ? bytes : repricedLine(bytes, of)
  }
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const file = set.files.find((one) => one.number === number)
    if (!file?.blocks.some((block) => holdsAny(block, ordinals))) return
    if (file.blocks.some(({ start, end }) => end - start > MAX_BLOCK_BYTES)) return
    const rewritten = await rewriteFile(set.names, file, set.rules(file), change)
    if (rewritten) return set.put(rewritten)
    await set.look('all')
    await set.repair()
  }
  throw new TallystickError(
    'store_unavailable',
    `New prices cannot be written into ${set.names.active}: others keep writing to it.`,
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
