import { dashboard } from './dashboard.mjs'
import { bars, count, lines, PICKED, share, stat } from './panel.mjs'

const errors = (window, by) =>
  share(
    `rate(llm_requests_total{${PICKED},status="error"}[${window}])`,
    `rate(llm_requests_total{${PICKED}}[${window}])`,
    by,
  )

export const overview = dashboard({
  uid: 'tallystick-overview',
  title: 'Tallystick: overview',
  about: 'What was spent, whether it is healthy, and by whom.',
  picks: 'llm_requests_total',
  rows: [
    {
      height: 4,
      panels: [
        stat({
          title: 'Spend',
          about: 'Within the range. What has no price is not in it.',
          unit: 'currencyUSD',
          queries: [{ expr: count(`increase(llm_cost_usd_total{${PICKED}}[$__range])`) }],
        }),
        stat({
          title: 'Requests',
          about: 'Within the range, failed ones included.',
          queries: [{ expr: count(`increase(llm_requests_total{${PICKED}}[$__range])`) }],
        }),
        stat({
          title: 'Tokens',
          about: 'Within the range, of every type.',
          queries: [{ expr: count(`increase(llm_tokens_total{${PICKED}}[$__range])`) }],
        }),
        stat({
          title: 'Error rate',
          about: 'Failed requests of all within the range.',
          unit: 'percentunit',
          limits: [0.01, 0.05],
          queries: [{ expr: errors('$__range') }],
        }),
        stat({
          title: 'P95 latency',
          about: 'The slowest twentieth of successful requests within the range took longer.',
          unit: 's',
          limits: [30, 60],
          queries: [
            {
              expr: `histogram_quantile(0.95, sum by (le) (increase(llm_request_duration_seconds_bucket{${PICKED}}[$__range])))`,
            },
          ],
        }),
        stat({
          title: 'Unpriced requests',
          about: 'Requests within the range whose cost is unknown: Spend leaves them out.',
          limits: [1],
          queries: [{ expr: count(`increase(llm_unpriced_requests_total{${PICKED}}[$__range])`) }],
        }),
      ],
    },
    {
      height: 9,
      panels: [
        lines({
          title: 'Request rate by provider',
          about: 'Requests a second.',
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr: `sum by (provider) (rate(llm_requests_total{${PICKED}}[$__rate_interval]))`,
              legend: '{{provider}}',
            },
          ],
        }),
        lines({
          title: 'Spend per hour by provider',
          about: 'Dollars an hour at the pace of the moment.',
          unit: 'currencyUSD',
          stacked: true,
          queries: [
            {
              expr: `sum by (provider) (rate(llm_cost_usd_total{${PICKED}}[$__rate_interval])) * 3600`,
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
          title: 'Error rate by provider',
          about: 'Failed requests of all.',
          unit: 'percentunit',
          limits: [0.01],
          queries: [{ expr: errors('$__rate_interval', 'provider'), legend: '{{provider}}' }],
        }),
        lines({
          title: 'Latency',
          about: 'Durations of successful requests.',
          unit: 's',
          queries: [0.5, 0.95].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (le) (rate(llm_request_duration_seconds_bucket{${PICKED}}[$__rate_interval])))`,
            legend: `p${quantile * 100}`,
          })),
        }),
        lines({
          title: 'Tokens per second by type',
          about: 'Each token is of one type, so the areas add up.',
          stacked: true,
          queries: [
            { expr: `sum by (type) (rate(llm_tokens_total{${PICKED}}[$__rate_interval]))`, legend: '{{type}}' },
          ],
        }),
      ],
    },
    {
      height: 9,
      panels: [
        bars({
          title: 'Models by spend',
          about: 'The ten that cost most within the range.',
          unit: 'currencyUSD',
          queries: [
            {
              expr: `topk(10, sum by (model) (increase(llm_cost_usd_total{${PICKED}}[$__range])))`,
              legend: '{{model}}',
            },
          ],
        }),
        bars({
          title: 'Models by requests',
          about: 'The ten that were asked most within the range.',
          queries: [
            {
              expr: `topk(10, sum by (model) (increase(llm_requests_total{${PICKED}}[$__range])))`,
              legend: '{{model}}',
            },
          ],
        }),
        lines({
          title: 'Active requests',
          about: 'Requests under way.',
          queries: [{ expr: 'sum(llm_active_requests)', legend: 'active' }],
        }),
      ],
    },
  ],
})
