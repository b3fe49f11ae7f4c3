import type { Schema } from '../../http/openapi/schema.ts'
import { instantOfAge } from '../age.ts'
import { Arguments } from '../arguments.ts'
import { boundedJson } from '../bound.ts'
import type { Tool } from '../tool.ts'

const NOTHING: Schema = { type: 'object', properties: {}, additionalProperties: false }

/** A tool without arguments that answers what a route answers. */
const ofRoute = (tool: Omit<Tool, 'run' | 'inputSchema'>, path: string): Tool => ({
  ...tool,
  inputSchema: NOTHING,
  async run(args, { api, signal }) {
    new Arguments(args, []).assertRight()
    return { value: boundedJson(await api.ask({ path }, signal)) }
  },
})

/** `get_budgets`: `GET /api/v1/budgets`. */
export const budgetsTool: Tool = ofRoute(
  {
    name: 'get_budgets',
    title: 'Get budgets',
    description:
      'Lists the budgets with what is spent, reserved and remaining in their window, status and projection. Amounts are integers in strings: nano-USD (1e-9 USD) or tokens, as `unit` says. used_basis_points: 10,000 is all of it.',
  },
  '/api/v1/budgets',
)

/** `get_providers_health`: `GET /api/v1/providers/health`. */
export const healthTool: Tool = ofRoute(
  {
    name: 'get_providers_health',
    title: 'Get the health of providers',
    description:
      'Tells which providers are available, degraded or down right now, by what became of recent requests: failures, overloads, p95 duration in ms, and when the state last changed.',
  },
  '/api/v1/providers/health',
)

/** `get_recommendations`: `GET /api/v1/recommendations`. */
export const recommendationsTool: Tool = {
  name: 'get_recommendations',
  title: 'Get recommendations',
  description:
    'Lists what should change and what that would save, with evidence, assumptions, confidence and the query that shows the same figures. Amounts are nano-USD (1e-9 USD). Judged by the last 30 days unless a range is given.',
  inputSchema: {
    type: 'object',
    properties: {
      from: { type: 'string', description: 'An age such as "7d", or RFC 3339. 30 days ago when absent.' },
      to: { type: 'string', description: 'As `from`. Now when absent.' },
      include_dismissed: { type: 'boolean', description: 'Those too that people have dismissed.', default: false },
    },
    additionalProperties: false,
  },
  async run(args, { api, clock, signal }) {
    const given = new Arguments(args, ['from', 'to', 'include_dismissed'])
    const dismissed = given.flag('include_dismissed') ?? false
    const range = ['from', 'to'].flatMap((name): [string, string][] => {
      const value = given.text(name, 64)
      return value === undefined ? [] : [[name, String(instantOfAge(value, clock.now()))]]
    })
    given.assertRight()
    const parameters: [string, string][] = [
      ['consistency', 'applied'],
      ...range,
      ...(dismissed ? [['dismissed', 'true'] as [string, string]] : []),
    ]
    return { value: boundedJson(await api.ask({ path: '/api/v1/recommendations', parameters }, signal)) }
  },
}
