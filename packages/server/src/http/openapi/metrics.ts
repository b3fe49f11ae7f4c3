import type { RouteDoc } from './route-doc.ts'
import { text } from './schema.ts'

const EXAMPLE = [
  '# HELP llm_edge_requests_total Requests by outcome; error_type is there on errors only.',
  '# TYPE llm_edge_requests_total counter',
  'llm_edge_requests_total{provider="openai",model="gpt-4o",status="success"} 1',
  '',
].join('\n')

/** What the API page says about the scrape. */
export const METRICS_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    'Figures of accepted events since the process started, for Prometheus: those of your tenant, or of all where you see all; how the server itself does stands beside them where you see all of it. Counters never fall but by a restart. With `Accept: application/openmetrics-text` the same in OpenMetrics, with exemplars. There are at most `metrics.max_series` series: what does not fit is in those whose model, provider or such is `other`. Who sees single agents only is refused, since figures are not kept by agent.',
  parameters: [
    {
      name: 'names',
      in: 'query',
      description:
        "Names of the LLM figures in this scrape: llm-edge-monitoring's eight, the usual ones, or both; the configuration's when absent.",
      schema: { type: 'string', enum: ['seed', 'standard', 'both'] },
      example: 'standard',
    },
  ],
  answers: {
    200: {
      description: 'Text for Prometheus',
      content: {
        'text/plain': { schema: text(), examples: { scrape: { summary: 'One request', value: EXAMPLE } } },
        'application/openmetrics-text': { schema: text('The same, where it is asked for.') },
      },
    },
  },
  errors: ['unknown_parameter', 'unknown_value', 'forbidden', 'overloaded'],
}
