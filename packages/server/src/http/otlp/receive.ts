import type { Signal } from '../../format/otlp/model.ts'
import { addressEvidence } from '../address/evidence.ts'
import { readBody, unpacked } from '../body.ts'
import { isGzipped } from '../media.ts'
import type { Handler } from '../route.ts'
import { takenAnswer } from './answer.ts'
import { requiredFormat } from './media-type.ts'
import { senderOfHeaders } from './sender-headers.ts'

/**
 * `POST /v1/traces`, `/v1/logs`, `/v1/metrics` of OTLP/HTTP: protobuf or JSON, gzip or not. 200 says that every request in the
 * body is in the journal and synced to disk.
 *
 * @source https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export const receive =
  (signal: Signal): Handler =>
  async (call) => {
    const { request, app, principal } = call
    const { budget, limits, telemetry, clientAddress } = app
    const { headers } = request
    const format = requiredFormat(headers.get('content-type'))
    const gzipped = isGzipped(headers.get('content-encoding') ?? undefined)
    const observed = clientAddress.observed(addressEvidence(call))
    const bytes = await readBody(request.body, limits.bodyBytes, budget)
    try {
      return await unpacked(bytes, gzipped, limits.inflatedBytes, budget, async (body) => {
        const sender = senderOfHeaders(headers)
        const rejected = await telemetry.take({ signal, body, format, principal, observed, sender })
        return takenAnswer(signal, format, rejected)
      })
    } finally {
      budget.give(bytes.byteLength)
    }
  }
