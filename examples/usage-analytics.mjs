import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageAnalytics } from '@tallystick/core/compat'

/** A morning of tool calls through three backends, and the report of it. The clock is fixed so that it reads the same each time. */
const dataDir = mkdtempSync(join(tmpdir(), 'tallystick-example-'))
let nowMs = Date.UTC(2026, 10, 21, 8)
const clock = { now: () => nowMs, monotonic: () => nowMs }
const analytics = new UsageAnalytics(dataDir, { sessionId: 'morning', clock })
await analytics.init()

const calls = [
  {
    tool_name: 'ask',
    backend_used: 'local',
    routing_method: 'health_based',
    processing_time_ms: 640,
    tokens_used: 900,
  },
  {
    tool_name: 'review',
    backend_used: 'gemini',
    routing_method: 'rule_based',
    routing_confidence: 0.92,
    processing_time_ms: 5_400,
    input_tokens: 6_000,
    output_tokens: 1_100,
  },
  {
    tool_name: 'ask',
    backend_used: 'nvidia_qwen',
    routing_method: 'rule_based',
    routing_confidence: 0.6,
    processing_time_ms: 1_900,
    input_tokens: 2_400,
    output_tokens: 350,
  },
]
for (let call = 0; call < 36; call++) {
  nowMs += 150_000
  const failed = call % 12 === 11
  const error = { type: 'timeout', message: 'no answer within 30 s' }
  await analytics.recordInvocation({ ...calls[call % calls.length], success: !failed, ...(failed && { error }) })
}

console.log(await analytics.exportReport('markdown', '24h'))
await analytics.cleanup()
rmSync(dataDir, { recursive: true })
