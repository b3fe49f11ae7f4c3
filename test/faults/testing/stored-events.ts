import { openTallystick } from 'tallystick'

const BATCH = 1_000
const AT_ONCE = 8

/** Fills a data directory with events, one a millisecond from an instant on, through the real pipeline. */
export async function storeEvents(dataDir: string, count: number, fromMs: number): Promise<void> {
  const tallystick = await openTallystick({ dataDir })
  const inFlight: Promise<unknown>[] = []
  for (let first = 0; first < count; first += BATCH) {
    const items = Array.from({ length: Math.min(BATCH, count - first) }, (_, offset) => {
      const index = first + offset
      return {
        event_id: `e${index}`,
        timestamp_ms: fromMs + index,
        provider: 'openai',
        model: index % 3 === 0 ? 'gpt-4o' : 'gpt-4o-mini',
        endpoint: '/v1/chat/completions',
        api_key_id: `key-${index % 100}`,
        input_tokens: index % 4_000,
        output_tokens: index % 900,
        duration_ms: index % 2_000,
        status_code: 200,
      }
    })
    inFlight.push(tallystick.ingest.submit({ items, door: 'test' }))
    if (inFlight.length >= AT_ONCE) await inFlight.shift()
  }
  await Promise.all(inFlight)
  await tallystick.ingest.applied()
  await tallystick.close()
}
