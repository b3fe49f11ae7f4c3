import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type AnalyticsEvent, encodeSyncBody, toAnalyticsEvent } from '../event/index.ts'
import { arbitraryEvent } from '../event/testing/arbitrary.ts'
import { PROTOCOL012_DOOR } from './protocol012-door.ts'

it('writes the very body that the codec of Protocol 012 writes', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryEvent({ kinds: ['llm_request_completed', 'llm_request_failed'] }),
      fc.constantFrom(undefined, 'token'),
      async (event, token) => {
        const { body, count } = await PROTOCOL012_DOOR.request([event], token)
        const expected = encodeSyncBody(toAnalyticsEvent(event) as AnalyticsEvent, token)
        expect([new TextDecoder().decode(body), count]).toEqual([JSON.stringify(expected), 1])
      },
    ),
    { seed: 12, numRuns: 300 },
  )
})
