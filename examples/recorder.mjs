import { EventStore } from '@tallystick/core'
import { createPriceBook } from '@tallystick/core/pricing'

/** Recording in a process, without a server: a hundred requests of three models, one in ten of them refused. */
const prices = createPriceBook()
const store = new EventStore({ capacity: 10_000 })
const models = ['gpt-4o-mini', 'claude-3-5-haiku-20241022', 'gpt-4o']

for (let request = 0; request < 100; request++) {
  const model = models[request % models.length]
  const agentId = `agent_${request % 2}`
  if (request % 10 === 9) store.recordLlmFailed(model, { agentId, errorCode: 'rate_limit_exceeded' })
  else store.recordLlmCompleted(prices, model, 800 + request, 150, { agentId })
}

const stats = store.stats()
console.log(`${stats.totalRequests} requests, ${stats.failedRequests} failed: ${stats.successRate()} % succeeded`)
console.log(`${stats.totalTokens()} tokens, ${stats.totalCostUsd()} USD, ${stats.unpricedRequests} without a price`)
for (const [model, { requestCount, inputTokens, outputTokens, costNanoUsd }] of stats.byModel)
  console.log(`  ${model}: ${requestCount} answers, ${inputTokens} + ${outputTokens} tokens, ${costNanoUsd} nano-USD`)
for (const [provider, figures] of stats.byProvider) console.log(`  ${provider}: ${figures.costUsd()} USD`)

const events = store.drainAll()
console.log(`${events.length} events taken out, ${store.length} left, ${store.droppedCount} lost`)
