import { TallystickError } from '@tallystick/core'
import type { Decoder } from '@tallystick/core/event'
import { decodeCloudEvent } from '../format/cloud-event.ts'
import type { Principal } from '../identity/principal.ts'
import { ACK_MODES, type AckMode, type Ingest, type IngestAnswer, type Observed } from '../ingest/ingest.ts'
import type { ClientAddress } from './address/client-address.ts'
import { doorDecoder, readBatch } from './batch.ts'
import { type ByteBudget, unpacked } from './body.ts'
import { type CloudPlan, cloudPlan, readCloudEvents } from './cloud-events.ts'
import type { Limits } from './limits.ts'
import { type BodyFormat, bodyFormat, isGzipped } from './media.ts'
import { INGEST_DOC } from './openapi/native.ts'
import { checkParameters, documentedParameters, type ParameterTable } from './parameters.ts'
import { senderOf } from './sender.ts'

/** What a request says about its body, however it arrived. */
export interface IngestHeaders {
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly idempotencyKey: string | undefined
  /** The query string, with or without `?`. */
  readonly search: string
  /** A header by its name in lower case, of doors that take CloudEvents. Absent: none are taken. */
  readonly header?: (name: string) => string | undefined
}

export interface IngestPlan {
  readonly format: BodyFormat
  /** The body is one or more CloudEvents. */
  readonly cloud: CloudPlan | undefined
  readonly gzipped: boolean
  readonly ack: AckMode
  readonly wantResults: boolean
  readonly idempotencyKey: string | undefined
}

/**
 * `POST /api/v1/events`, free of sockets and streams: the fetch handler and the `node:http` listener both end here.
 */
export interface IngestDoor {
  /** What the headers ask for, decided before the body is read. @throws TallystickError */
  plan(headers: IngestHeaders): IngestPlan
  /**
   * Takes a whole body, whose bytes the caller holds in the budget, and gives the answer.
   *
   * @throws TallystickError when the body as a whole cannot be read or kept; bad items are part of the answer.
   */
  take(bytes: Uint8Array, plan: IngestPlan, principal: Principal, observed?: Observed): Promise<IngestAnswer>
}

const PARAMETERS: ParameterTable = documentedParameters(INGEST_DOC)
const MAX_KEY_BYTES = 255

export interface IngestDoorOptions {
  readonly ingest: Pick<Ingest, 'submit'>
  readonly limits: Limits
  readonly budget: ByteBudget
  readonly clientAddress: Pick<ClientAddress, 'held'>
  /** Where a request does not say. */
  readonly ack: AckMode
}

export function createIngestDoor({
  ingest,
  limits,
  budget,
  clientAddress,
  ack: usualAck,
}: IngestDoorOptions): IngestDoor {
  const decode: Decoder = clientAddress.held(doorDecoder(limits.depth))
  const decodeCloud: Decoder = clientAddress.held(doorDecoder(limits.depth, decodeCloudEvent))
  /** Not part of `take`, which would keep the parsed items until the answer. */
  const submit = (
    body: Uint8Array,
    { format, cloud, ack, wantResults, idempotencyKey }: IngestPlan,
    principal: Principal,
    observed: Observed | undefined,
  ): Promise<IngestAnswer> =>
    ingest.submit({
      decode: cloud === undefined ? decode : decodeCloud,
      door: 'native',
      ack,
      appliedWithinMs: limits.appliedWaitMs,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(wantResults ? { wantResults: true } : {}),
      ...senderOf(principal, observed),
      ...(cloud === undefined ? readBatch(body, format, limits) : { items: readCloudEvents(body, cloud, limits) }),
    })
  return {
    plan({ contentType, contentEncoding, idempotencyKey, search, header }) {
      const cloud = header && cloudPlan(contentType, header)
      const format = cloud === undefined || cloud.mode === 'binary' ? bodyFormat(contentType) : 'json'
      const gzipped = isGzipped(contentEncoding)
      if (idempotencyKey !== undefined) checkKey(idempotencyKey)
      if (search === '' || search === '?')
        return { format, cloud, gzipped, ack: usualAck, wantResults: false, idempotencyKey }
      const parameters = new URLSearchParams(search)
      checkParameters(parameters, PARAMETERS)
      return {
        format,
        cloud,
        gzipped,
        ack: ACK_MODES.find((mode) => mode === parameters.get('ack')) ?? usualAck,
        wantResults: parameters.get('results') === 'all',
        idempotencyKey,
      }
    },
    take(bytes, plan, principal, observed) {
      return unpacked(bytes, plan.gzipped, limits.inflatedBytes, budget, (body) =>
        submit(body, plan, principal, observed),
      )
    },
  }
}

function checkKey(key: string): void {
  if (key !== '' && Buffer.byteLength(key) <= MAX_KEY_BYTES) return
  throw new TallystickError(
    key === '' ? 'empty_value' : 'too_long',
    `Idempotency-Key must have 1 to ${MAX_KEY_BYTES} bytes.`,
    {
      issues: [{ path: 'Idempotency-Key', message: `must have 1 to ${MAX_KEY_BYTES} bytes` }],
    },
  )
}
