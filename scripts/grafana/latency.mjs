import { dashboard } from './dashboard.mjs'
import { heatmap, lines, PICKED, share } from './panel.mjs'

const quantile = (of, family, by = '') =>
  `histogram_quantile(${of}, sum by (${by}le) (rate(${family}_bucket{${PICKED}}[$__rate_interval])))`
const errors = (by) =>
  share(
    `rate(llm_requests_total{${PICKED},status="error"}[$__rate_interval])`,
    `rate(llm_requests_total{${PICKED}}[$__rate_interval])`,
    by,
  )

export const latency = dashboard({
  uid: 'tallystick-latency',
  title: 'Tallystick: latency and errors',
  about: 'How long requests take, and which fail with what.',
  picks: 'llm_requests_total',
  rows: [
    {
      name: 'Latency',
      height: 9,
      panels: [
        lines({
          title: 'Latency',
          about: 'Durations of successful requests. Past the last bucket, 10 min, a quantile shows 10 min.',
          unit: 's',
          queries: [0.5, 0.95, 0.99].map((of) => ({
            expr: quantile(of, 'llm_request_duration_seconds'),
            legend: `p${of * 100}`,
          })),
        }),
        heatmap({
          title: 'Distribution of durations',
          about: 'Successful requests by how long they took.',
          unit: 's',
          queries: [
            {
              expr: `sum by (le) (increase(llm_request_duration_seconds_bucket{${PICKED}}[$__rate_interval]))`,
              legend: '{{le}}',
            },
          ],
        }),
      ],
    },
    {
      height: 9,
      panels: [
        lines({
          title: 'P95 by provider',
          about: 'The slowest twentieth of successful requests took longer.',
          unit: 's',
          queries: [{ expr: quantile(0.95, 'llm_request_duration_seconds', 'provider, '), legend: '{{provider}}' }],
        }),
        lines({
          title: 'P95 by model',
          about: 'The slowest twentieth of successful requests took longer.',
          unit: 's',
          queries: [{ expr: quantile(0.95, 'llm_request_duration_seconds', 'model, '), legend: '{{model}}' }],
        }),
        lines({
          title: 'Mean by provider',
          about: 'Mean duration of successful requests.',
          unit: 's',
          queries: [
            {
              expr: `sum by (provider) (rate(llm_request_duration_seconds_sum{${PICKED}}[$__rate_interval])) / sum by (provider) (rate(llm_request_duration_seconds_count{${PICKED}}[$__rate_interval]))`,
              legend: '{{provider}}',
            },
          ],
        }),
      ],
    },
    {
      height: 9,
      panels: [
        lines({
          title: 'Time to first byte',
          about: 'Until the first byte of the answer, where it was measured.',
          unit: 's',
          queries: [0.5, 0.95].map((of) => ({
            expr: quantile(of, 'llm_time_to_first_byte_seconds'),
            legend: `p${of * 100}`,
          })),
        }),
        lines({
          title: 'P95 time to first byte by model',
          about: 'Until the first byte of the answer, where it was measured.',
          unit: 's',
          queries: [{ expr: quantile(0.95, 'llm_time_to_first_byte_seconds', 'model, '), legend: '{{model}}' }],
        }),
      ],
    },
    {
      name: 'Errors',
      height: 9,
      panels: [
        lines({
          title: 'Error rate by provider',
          about: 'Failed requests of all; LlmErrorRate fires at 1 %.',
          unit: 'percentunit',
          limits: [0.01],
          queries: [{ expr: errors('provider'), legend: '{{provider}}' }],
        }),
        lines({
          title: 'Error rate by model',
          about: 'Failed requests of all.',
          unit: 'percentunit',
          queries: [{ expr: errors('model'), legend: '{{model}}' }],
        }),
        lines({
          title: 'Errors by type',
          about: 'Failed requests a second.',
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr: `sum by (error_type) (rate(llm_request_errors_total{${PICKED}}[$__rate_interval]))`,
              legend: '{{error_type}}',
            },
          ],
        }),
      ],
    },
  ],
})
