import { createContext, runInContext } from 'node:vm'
import { expect, it } from 'vitest'
import { bundle } from './bundle.ts'

it('metrics are counted and a scrape is answered in a bare V8 context with the Fetch API, without the price catalogue', async () => {
  const names = ['feedMetrics', 'metricsHandler', 'recordCost', 'recordRequestSuccess']
  const { code, modules } = await bundle(names, 'metrics/')
  expect(modules.filter((id) => id.startsWith('node:') || /\/(journal|pricing|sync)\//.test(id))).toEqual([])
  const context = createContext({ TextEncoder, performance, Request, Response })
  runInContext(code, context)
  const text = await runInContext(
    `tallystick.recordRequestSuccess('openai', 'gpt-4', 245)
    tallystick.recordCost('openai', 'gpt-4', 0.0075)
    tallystick.metricsHandler()(new Request('http://localhost/metrics')).then((response) => response.text())`,
    context,
  )
  expect(text).toContain('llm_edge_cost_usd_total{provider="openai",model="gpt-4"} 0.0075\n')
})

it('the main entry has no metrics in it', async () => {
  const { modules } = await bundle(['EventStore'])
  expect(modules.filter((id) => id.includes('/metrics/'))).toEqual([])
})
