/** Sends events to a server at a steady rate and says on its standard output what it has sent. */

const [address = '', events = '0', perSecond = '0'] = process.argv.slice(2)
const BATCH = 500
const MODELS = [
  ['openai', 'gpt-4o'],
  ['openai', 'gpt-4o-mini'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['google', 'gemini-2.5-flash'],
]
const sent = { events: 0, failed: 0, input_tokens: 0, output_tokens: 0, duplicate: 0, elapsed_ms: 0 }

function batch(first, size) {
  const now = Date.now()
  return Array.from({ length: size }, (_, index) => {
    const number = first + index
    const [provider, model] = MODELS[number % MODELS.length]
    const failed = number % 50 === 7
    const event = {
      event_id: `pour-${number}`,
      timestamp_ms: now,
      kind: failed ? 'llm_request_failed' : 'llm_request_completed',
      provider,
      model,
      agent_id: `agent_${number % 20}`,
      user_id: `user-${number % 500}`,
      success: !failed,
      input_tokens: 100 + (number % 1000),
      output_tokens: 10 + (number % 100),
      duration_ms: 200 + (number % 3000),
    }
    sent.events++
    if (failed) sent.failed++
    sent.input_tokens += event.input_tokens
    sent.output_tokens += event.output_tokens
    return event
  })
}

const started = performance.now()
for (let first = 0; first < Number(events); first += BATCH) {
  const due = started + (first / Number(perSecond)) * 1000
  const early = due - performance.now()
  if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
  const response = await fetch(`${address}/api/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(batch(first, Math.min(BATCH, Number(events) - first))),
  })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  const { duplicate, rejected } = await response.json()
  if (duplicate > 0 || rejected.length > 0) throw new Error('Some were not taken')
}
sent.elapsed_ms = performance.now() - started
console.log(JSON.stringify(sent))
