import { TallystickError } from '../errors.ts'
import { checkLine } from './line.ts'
import { metaLine } from './line-file.ts'

/** Version of the format that this code writes. */
export const FORMAT_VERSION = 1
/** Of a segment that was rewritten: only a reader of this version knows where it ends. Also the newest that is read. */
const REWRITTEN_VERSION = 2

/** Enough for the header line of any segment. */
export const MAX_HEADER_BYTES = 4096

/**
 * The first line of a segment. `after` is the line's `n`: every record of the segment has a higher ordinal. `previous`
 * tells where the journal stood when the segment was begun: nothing between that place and this segment belongs to the
 * journal, whatever bytes a failed write may have left there. Its `ordinal` is the last one acknowledged by then, whether or
 * not that record can still be read. It is absent in the first segment only. `journal` is the same in all segments of one
 * journal and in no other; segments of early versions lack it. `bytes` stands in a segment that was rewritten: how long it is now,
 * whatever the header after it says of its end.
 */
export interface SegmentHeader {
  readonly segment: number
  readonly after: number
  readonly createdMs: number
  readonly product: string
  readonly journal?: string
  readonly previous?: { readonly segment: number; readonly bytes: number; readonly ordinal: number }
  readonly bytes?: number
}

/** The header line, line feed included. */
export function encodeHeader(header: SegmentHeader): Buffer {
  const { segment, after, createdMs, product, journal, previous, bytes } = header
  const members = JSON.stringify({
    v: bytes === undefined ? FORMAT_VERSION : REWRITTEN_VERSION,
    segment,
    created: createdMs,
    product: product.slice(0, 128),
    journal,
    previous,
    bytes,
  })
  return metaLine(after, members.slice(1, -1))
}

/**
 * The header at the start of `bytes`, or undefined if the first line is damaged or is no header.
 *
 * @throws TallystickError `journal_newer_format`
 */
export function decodeHeader(bytes: Buffer): SegmentHeader | undefined {
  const end = bytes.indexOf(0x0a)
  if (end === -1) return undefined
  const after = checkLine(bytes, 0, end)
  if (after === -1) return undefined
  let line: Record<string, unknown>
  try {
    line = JSON.parse(bytes.toString('utf8', 0, end)) as Record<string, unknown>
  } catch {
    return undefined
  }
  const { t: type, v: version, segment, created, product, journal, previous, bytes: length } = line
  if (type !== 'meta' || typeof version !== 'number' || typeof segment !== 'number') return undefined
  if (version > REWRITTEN_VERSION) {
    const writer = typeof product === 'string' && product !== '' ? ` by version ${product}` : ''
    const message = `Segment ${segment} has format ${version}, written${writer}; this version reads up to ${REWRITTEN_VERSION}`
    throw new TallystickError('journal_newer_format', message)
  }
  return {
    segment,
    after,
    createdMs: Number(created),
    product: String(product),
    ...(typeof journal === 'string' ? { journal } : {}),
    ...(previous === undefined ? {} : { previous: previous as NonNullable<SegmentHeader['previous']> }),
    ...(typeof length === 'number' ? { bytes: length } : {}),
  }
}
