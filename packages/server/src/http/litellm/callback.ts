import { decodeLitellm } from '../../format/litellm/payload.ts'
import { addressEvidence } from '../address/evidence.ts'
import type { AppContext } from '../app-context.ts'
import { passBody, readBody, unpacked } from '../body.ts'
import { bodyFormat, isGzipped } from '../media.ts'
import { type Handler, json } from '../route.ts'
import { senderOf } from '../sender.ts'
import { LitellmReader } from './read.ts'

/**
 * `POST /litellm/callback`: what LiteLLM's `generic_api` callback sends. Bodies are as long as the prompts in them, and LiteLLM
 * never sends one again: they are read as they come and only what is kept of them takes memory, so that they may be longer
 * than other bodies.
 */
export const litellmCallback: Handler = async (call) => {
  const { request, app, principal } = call
  const { headers } = request
  const { clientAddress, ingest } = app
  bodyFormat(headers.get('content-type') ?? undefined)
  const gzipped = isGzipped(headers.get('content-encoding') ?? undefined)
  const items = gzipped ? await readPacked(request, app) : await readPlain(request, app)
  const answer = await ingest.submit({
    items,
    decode: clientAddress.held(decodeLitellm),
    door: 'litellm',
    ...senderOf(principal, clientAddress.observed(addressEvidence(call))),
  })
  return json(answer)
}

/** @throws TallystickError `body_too_large`, `overloaded`, `invalid_json`, `too_many_events` */
async function readPlain({ body }: Request, { budget, limits }: AppContext): Promise<readonly unknown[]> {
  const reader = new LitellmReader(limits.batchEvents)
  await passBody(body, limits.callbackBytes, budget, (piece) => reader.write(piece))
  return reader.end()
}

async function readPacked({ body }: Request, { budget, limits }: AppContext): Promise<readonly unknown[]> {
  const bytes = await readBody(body, limits.bodyBytes, budget)
  try {
    return await unpacked(bytes, true, limits.inflatedBytes, budget, async (whole) => {
      const reader = new LitellmReader(limits.batchEvents)
      reader.write(whole)
      return reader.end()
    })
  } finally {
    budget.give(bytes.byteLength)
  }
}
