import { dashboard } from './dashboard.mjs'
import { bars, count, joined, lines, PICKED, share, stat, states } from './panel.mjs'

/** A tier may have had hits alone, or misses alone. */
const [HITS, MISSES] = ['hits', 'misses'].map(
  (what) => `sum by (tier) (rate(llm_cache_${what}_total[$__rate_interval]))`,
)

const state = (name) => `llm_provider_state{state="${name}",provider=~"$provider"}`

const STATE = [
  {
    type: 'value',
    options: {
      0: { text: 'not known', color: 'text', index: 0 },
      1: { text: 'available', color: 'green', index: 1 },
      2: { text: 'degraded', color: 'orange', index: 2 },
      3: { text: 'down', color: 'red', index: 3 },
    },
  },
]

export const providers = dashboard({
  uid: 'tallystick-providers',
  title: 'Tallystick: providers',
  about: 'Which providers answer, how well, and what the gateway answers from its own cache.',
  picks: 'llm_requests_total',
  rows: [
    {
      height: 7,
      panels: [
        states({
          title: 'State of providers',
          about: 'As their answers tell: available, degraded or down.',
          limits: [2, 3],
          mappings: STATE,
          queries: [
            {
              expr: `max by (provider) (${state('available')} + ignoring (state) 2 * ${state('degraded')} + ignoring (state) 3 * ${state('down')})`,
              legend: '{{provider}}',
            },
          ],
        }),
        stat({
          title: 'Providers down',
          about: 'Now.',
          limits: [1],
          queries: [{ expr: count(`max by (provider) (${state('down')})`) }],
        }),
      ],
    },
    {
      height: 9,
      panels: [
        joined({
          title: 'By provider',
          about: 'Within the range.',
          queries: [
            {
              column: 'Requests',
              unit: 'short',
              expr: `sum by (provider) (increase(llm_requests_total{${PICKED}}[$__range]))`,
            },
            {
              column: 'Error rate',
              unit: 'percentunit',
              expr: share(
                `increase(llm_requests_total{${PICKED},status="error"}[$__range])`,
                `increase(llm_requests_total{${PICKED}}[$__range])`,
                'provider',
              ),
            },
            {
              column: 'P95 latency',
              unit: 's',
              expr: `histogram_quantile(0.95, sum by (provider, le) (increase(llm_request_duration_seconds_bucket{${PICKED}}[$__range])))`,
            },
            {
              column: 'Spend',
              unit: 'currencyUSD',
              expr: `sum by (provider) (increase(llm_cost_usd_total{${PICKED}}[$__range]))`,
            },
          ],
        }),
        bars({
          title: 'Share of spend',
          about: 'Of each provider within the range.',
          unit: 'percentunit',
          queries: [
            {
              expr: `sum by (provider) (increase(llm_cost_usd_total{${PICKED}}[$__range])) / scalar(sum(increase(llm_cost_usd_total{${PICKED}}[$__range])))`,
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
          title: 'Requests by operation',
          about: 'Requests a second.',
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr: `sum by (provider, operation) (rate(llm_requests_total{${PICKED}}[$__rate_interval]))`,
              legend: '{{provider}} {{operation}}',
            },
          ],
        }),
        lines({
          title: 'Hit rate of the gateway cache',
          about: 'Requests answered from the gateway’s own cache of those that looked there, by tier.',
          unit: 'percentunit',
          max: 1,
          queries: [
            {
              expr: `(${HITS} or 0 * ${MISSES}) / ((${HITS} or 0 * ${MISSES}) + (${MISSES} or 0 * ${HITS}))`,
              legend: '{{tier}}',
            },
          ],
        }),
      ],
    },
  ],
})
