import { ERRORS, TallystickError } from '@tallystick/core'
import type { Outcome } from '../../langfuse/receive.ts'
import { addressEvidence } from '../address/evidence.ts'
import { weigh } from '../batch.ts'
import { readBody, unpacked } from '../body.ts'
import type { Limits } from '../limits.ts'
import { bodyFormat, isGzipped } from '../media.ts'
import { type Call, type Handler, json } from '../route.ts'
import { senderOf } from '../sender.ts'

/**
 * `POST /api/public/ingestion`, as Langfuse's clients send to it: 207 with what became of each event of the batch. They send a
 * batch with any error in it again, as a whole, a few times; that is safe.
 */
export const langfuseIngestion: Handler = async (call) => {
  const { request, app } = call
  const { budget, limits } = app
  if (bodyFormat(request.headers.get('content-type') ?? undefined) !== 'json')
    throw new TallystickError('unsupported_media_type', 'Send application/json.')
  const gzipped = isGzipped(request.headers.get('content-encoding') ?? undefined)
  const bytes = await readBody(request.body, limits.bodyBytes, budget)
  try {
    return await unpacked(bytes, gzipped, limits.inflatedBytes, budget, (body) => take(call, batchOf(body, limits)))
  } finally {
    budget.give(bytes.byteLength)
  }
}

async function take(call: Call, batch: readonly unknown[]): Promise<Response> {
  const { app, principal } = call
  const observed = app.clientAddress.observed(addressEvidence(call))
  const outcomes = await app.generations.receive(batch, senderOf(principal, observed))
  return json(answerOf(outcomes), 207)
}

/** @throws TallystickError `invalid_json`, `invalid_body`, `too_many_events` */
function batchOf(body: Uint8Array, limits: Limits): readonly unknown[] {
  weigh(body, limits)
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  } catch {
    // Without the parser's words: they quote the body.
    throw new TallystickError('invalid_json', 'The body is not valid JSON.')
  }
  const batch = typeof value === 'object' && value !== null && 'batch' in value ? value.batch : undefined
  if (!Array.isArray(batch))
    throw new TallystickError('invalid_body', 'The body must be {"batch": [...]}.', {
      issues: [{ path: 'batch', message: 'must be an array' }],
    })
  if (batch.length > limits.batchEvents)
    throw new TallystickError(
      'too_many_events',
      `The batch has ${batch.length} events; at most ${limits.batchEvents} are taken at once.`,
    )
  return batch
}

function answerOf(outcomes: readonly Outcome[]): object {
  const successes: object[] = []
  const errors: object[] = []
  for (const outcome of outcomes) {
    const { envelopeId: id } = outcome
    if (outcome.ok) successes.push({ id, status: 201 })
    else
      errors.push({
        id,
        status: outcome.code === 'conflict' ? 409 : ERRORS[outcome.code].status,
        message: outcome.message,
        error: outcome.code,
      })
  }
  return { successes, errors }
}
