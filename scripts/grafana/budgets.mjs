import { dashboard } from './dashboard.mjs'
import { bars, lines, stat } from './panel.mjs'

export const budgets = dashboard({
  uid: 'tallystick-budgets',
  title: 'Tallystick: budgets',
  about: 'How much of each budget is used.',
  rows: [
    {
      height: 4,
      panels: [
        stat({
          title: 'Budgets past 80 %',
          about: 'Now; LlmBudget warns of each.',
          limits: [1],
          queries: [{ expr: 'count(max by (budget) (llm_budget_used_ratio) >= 0.8) or vector(0)' }],
        }),
        stat({
          title: 'Budgets used up',
          about: 'Now.',
          limits: [1],
          queries: [{ expr: 'count(max by (budget) (llm_budget_used_ratio) >= 1) or vector(0)' }],
        }),
      ],
    },
    {
      height: 9,
      panels: [
        bars({
          title: 'Used of each budget',
          about: 'Within its window; budgets of tokens too.',
          unit: 'percentunit',
          max: 1,
          limits: [0.8, 0.95],
          queries: [{ expr: 'max by (budget) (llm_budget_used_ratio)', legend: '{{budget}}' }],
        }),
        bars({
          title: 'Left of each budget',
          about: 'Dollars within its window; nothing once it is overdrawn.',
          unit: 'currencyUSD',
          queries: [
            {
              expr: 'clamp_min(max by (budget) (llm_budget_limit_usd) - max by (budget) (llm_budget_spent_usd), 0)',
              legend: '{{budget}}',
            },
          ],
        }),
      ],
    },
    {
      height: 10,
      panels: [
        lines({
          title: 'Used over time',
          about: 'Falls to nothing where a window begins.',
          unit: 'percentunit',
          limits: [0.8, 0.95],
          queries: [{ expr: 'max by (budget) (llm_budget_used_ratio)', legend: '{{budget}}' }],
        }),
        lines({
          title: 'Spent over time',
          about: 'Dollars within the window of each budget in money.',
          unit: 'currencyUSD',
          queries: [{ expr: 'max by (budget) (llm_budget_spent_usd)', legend: '{{budget}}' }],
        }),
      ],
    },
  ],
})
