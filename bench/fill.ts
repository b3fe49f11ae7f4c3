import { openTallystick } from 'tallystick'

const MODELS: readonly (readonly [provider: string, model: string])[] = [
  ['openai', 'gpt-4o'],
  ['openai', 'gpt-4o-mini'],
  ['openai', 'gpt-5'],
  ['openai', 'gpt-5-mini'],
  ['openai', 'o3'],
  ['openai', 'o4-mini'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['anthropic', 'claude-haiku-4-5'],
  ['anthropic', 'claude-opus-4-5'],
  ['google', 'gemini-2.5-pro'],
  ['google', 'gemini-2.5-flash'],
  ['mistral', 'mistral-large-latest'],
  ['mistral', 'codestral-latest'],
  ['deepseek', 'deepseek-chat'],
  ['groq', 'llama-3.3-70b-versatile'],
  ['x-ai', 'grok-4'],
  ['cohere', 'command-a-03-2025'],
  ['openai', 'text-embedding-3-small'],
  ['openai', 'gpt-4.1'],
  ['openai', 'a-model-without-a-price'],
]

/** Numbers that look random and are the same in every run (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** One event of the wire, some instant within `[fromMs, toMs)`: skewed models, log-normal latencies and tokens. */
export function wireEvent(random: () => number, fromMs: number, toMs: number, index: number): Record<string, unknown> {
  const [provider, model] = MODELS[Math.floor(random() ** 2 * MODELS.length)] as readonly [string, string]
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const input = Math.round(Math.exp(7 + normal * 0.9))
  const failed = random() < 0.02
  const duration = Math.round(Math.exp(7 + 0.8 * normal))
  return {
    event_id: `fill-${index}`,
    timestamp_ms: fromMs + Math.floor(((toMs - fromMs) * index) / TOTAL.events),
    source_id: 'fill',
    agent_id: `agent_${Math.floor(random() ** 2 * 60)}`,
    user_id: `user-${Math.floor(random() * 5000)}`,
    session_id: `session-${Math.floor(index / 12)}`,
    api_key_id: `key-${Math.floor(random() * 100)}`,
    provider,
    model,
    operation: 'chat',
    endpoint: '/v1/chat/completions',
    stream: random() < 0.5,
    status_code: failed ? (random() < 0.5 ? 429 : 500) : 200,
    ...(failed
      ? { error_type: 'rate_limit' }
      : { output_tokens: 1 + Math.floor(random() * 900), finish_reason: 'stop' }),
    input_tokens: input,
    cache_read_tokens: Math.floor(input * random() * 0.6),
    duration_ms: duration,
    ttfb_ms: Math.floor(duration * 0.2),
  }
}

const TOTAL = { events: 1 }

/** Fills a data directory with `events` events over `days` days up to now, through the real pipeline. */
export async function fill(
  dir: string,
  events: number,
  days: number,
  onProgress?: (done: number) => void,
  reshape: (event: Record<string, unknown>, random: () => number) => Record<string, unknown> = (event) => event,
): Promise<void> {
  TOTAL.events = events
  const tallystick = await openTallystick({ dataDir: dir })
  const random = generator(1)
  const toMs = Date.now()
  const fromMs = toMs - days * 86_400_000
  const BATCH = 1000
  const inFlight: Promise<unknown>[] = []
  for (let index = 0; index < events; index += BATCH) {
    const items = Array.from({ length: Math.min(BATCH, events - index) }, (_, offset) =>
      reshape(wireEvent(random, fromMs, toMs, index + offset), random),
    )
    inFlight.push(tallystick.ingest.submit({ items, door: 'native' }))
    // Several groups in flight keep the journal busy; more would only sit in memory.
    if (inFlight.length >= 8) await inFlight.shift()
    if (index % 100_000 === 0) onProgress?.(index)
  }
  await Promise.all(inFlight)
  await tallystick.ingest.applied()
  await tallystick.close()
}
