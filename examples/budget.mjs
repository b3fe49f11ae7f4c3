import { CostController, estimateMaxCost } from '@tallystick/core'
import { createPriceBook } from '@tallystick/core/pricing'

/**
 * A budget of one cent, and five requests at once. What each can cost at most is reserved before it is sent; what it did
 * cost is settled afterwards. No interleaving spends more than the cent.
 */
const prices = createPriceBook()
const budget = new CostController(10_000)

/** Stands for the provider: answers after a moment, with fewer tokens than it was allowed. */
async function complete(request) {
  await new Promise((resolve) => setTimeout(resolve, 10))
  return { model: request.model, usage: { prompt_tokens: 18, completion_tokens: 120 } }
}

async function ask(question) {
  const request = { model: 'gpt-4o', max_tokens: 200, messages: [{ role: 'user', content: question }] }
  const most = estimateMaxCost(request, prices, { provider: 'openai' })
  const held = budget.reserve(most)
  try {
    const { model, usage } = await complete(request)
    const { costNanoUsd } = prices.price({
      eventId: question,
      timestampMs: Date.now(),
      kind: 'llm_request_completed',
      provider: 'openai',
      responseModel: model,
      inputTokens: usage.prompt_tokens,
      outputTokens: usage.completion_tokens,
    })
    budget.commitNanoUsd(held, costNanoUsd)
    return `answered, at most ${most} micro-USD, cost ${costNanoUsd / 1000}`
  } catch (error) {
    return `failed: ${error.message}`
  } finally {
    // frees what a failed request held; after a commit it changes nothing
    budget.cancel(held)
  }
}

const questions = ['Why a tally?', 'Why a stick?', 'Why split?', 'Who kept it?', 'How long?']
const answers = await Promise.allSettled(questions.map(ask))
for (const [index, { value, reason }] of answers.entries())
  console.log(`${questions[index].padEnd(13)} ${value ?? `${reason.code}: ${reason.message}`}`)
console.log(budget.getStatus())
