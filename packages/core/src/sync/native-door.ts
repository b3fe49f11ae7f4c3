import { TallystickError } from '../errors.ts'
import { encodeWireEvent, type UsageEvent } from '../event/index.ts'
import type { Answer, Door, DoorRequest } from './door.ts'
import { gzipped } from './gzip.ts'
import type { LedgerReport } from './ledger-report.ts'
import type { Rejection } from './refusal.ts'
import { boundedText } from './text.ts'
import type { Reply } from './transport.ts'

const utf8 = /* @__PURE__ */ new TextEncoder()

/** `POST /api/v1/events`: many events in one request, each answered by itself, and the ledger beside them. */
export class NativeDoor implements Door {
  readonly #maxBytes: number
  readonly #ledgers: LedgerReport
  /** Cleared when a server does not take it. */
  gzip: boolean

  constructor(options: { readonly maxBatchBytes: number; readonly gzip: boolean; readonly ledgers: LedgerReport }) {
    this.#maxBytes = options.maxBatchBytes
    this.#ledgers = options.ledgers
    this.gzip = options.gzip
  }

  /** No events at all: a request that only tells the ledgers. */
  async request(events: readonly UsageEvent[], token: string | undefined): Promise<DoorRequest> {
    const texts = textsOf(events, this.#maxBytes)
    const count = texts.length
    const { items, told } = this.#ledgers.news()
    const ledgers = items.length === 0 ? '' : `,"ledgers":${JSON.stringify(items)}`
    const plain = utf8.encode(`{"events":[${texts.join()}]${ledgers}}`)
    const packed = this.gzip ? await gzipped(plain) : undefined
    return {
      path: '/api/v1/events',
      headers: {
        'content-type': 'application/json',
        ...(packed === undefined ? {} : { 'content-encoding': 'gzip' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: packed ?? plain,
      count,
      read: (reply) => {
        const answer = readAnswer(reply, count, token)
        told()
        return answer
      },
    }
  }
}

/** As many as fit, but one at least: whether that is too large is for the server to say. */
function textsOf(events: readonly UsageEvent[], maxBytes: number): string[] {
  const texts: string[] = []
  let bytes = 0
  for (const event of events) {
    const text = JSON.stringify(encodeWireEvent(event))
    bytes += utf8.encode(text).byteLength + 1
    if (texts.length > 0 && bytes > maxBytes) break
    texts.push(text)
  }
  return texts
}

/**
 * The answer to so many events. One that does not account for each of them cannot be believed: events that it leaves out
 * would be lost, and its indices may mean others than ours.
 *
 * @throws TallystickError `bad_answer`
 */
function readAnswer({ status, text }: Reply, sent: number, token: string | undefined): Answer {
  const answer = parsed(text, token)
  const { received, accepted, duplicate, conflict } = answer
  const rejected = rejections(answer['rejected'], sent, status, token)
  const counts = [accepted, duplicate, conflict]
  const sum = counts.every(isCount) ? counts.reduce((a, b) => a + b, 0) + (rejected?.size ?? 0) : -1
  if (rejected === undefined || received !== sent || sum !== sent)
    throw new TallystickError(
      'bad_answer',
      `The answer to ${sent} events does not add up to them: ${boundedText(text, token)}`,
    )
  return { rejected, duplicates: duplicate as number, conflicts: conflict as number }
}

function parsed(text: string, token: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below, like JSON of another shape.
  }
  const said = boundedText(text, token)
  throw new TallystickError('bad_answer', `The answer is not that of a Tallystick server: ${said}`)
}

/** By index; undefined when the list makes no sense. */
function rejections(
  list: unknown,
  sent: number,
  status: number,
  token: string | undefined,
): Map<number, Rejection> | undefined {
  if (!Array.isArray(list)) return undefined
  const found = new Map<number, Rejection>()
  for (const item of list as readonly (Readonly<Record<string, unknown>> | null)[]) {
    const index = item?.['index']
    if (!isCount(index) || index >= sent || found.has(index)) return undefined
    const code = boundedText(item?.['code'] ?? 'rejected', token)
    found.set(index, { status, code, message: boundedText(item?.['message'] ?? '', token) })
  }
  return found
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
