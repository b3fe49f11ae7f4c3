import { describe, expect, it } from 'vitest'
import type { MetricFamily } from '../family.ts'
import { FIGURE_NAMES, VIEWS } from '../figures.ts'
import { MetricRegistry } from '../registry.ts'
import { CONVENTIONAL_FAMILIES } from './conventional.ts'
import { REGISTRY_FAMILIES } from './registry.ts'
import { ROUTIIUM_FAMILIES } from './routiium.ts'
import { SEED_FAMILIES } from './seed.ts'

const families: readonly MetricFamily[] = [
  SEED_FAMILIES,
  CONVENTIONAL_FAMILIES,
  ROUTIIUM_FAMILIES,
  REGISTRY_FAMILIES,
].flatMap((table) => Object.values<MetricFamily>(table))

describe('the tables of families', () => {
  it('have each name once', () => {
    expect(new Set(families.map(({ name }) => name)).size).toBe(families.length)
  })

  it.each(families.map((family) => [family.name, family] as const))(
    '%s is named as Prometheus asks for',
    (_, family) => {
      const { name, type, labels, buckets = [], unit, help } = family
      expect(name).toMatch(/^[a-z][a-z0-9_]*[a-z0-9]$/)
      expect(name.endsWith('_total')).toBe(type === 'counter')
      expect(name).not.toMatch(/_(bucket|count|sum|created)$/)
      expect(labels.filter((label) => !/^[a-z][a-z0-9_]*$/.test(label) || label === 'le')).toEqual([])
      expect(new Set(labels).size).toBe(labels.length)
      expect(buckets.length > 0).toBe(type === 'histogram')
      expect([...buckets].sort((a, b) => a - b)).toEqual(buckets)
      if (unit !== undefined) expect(name.replace(/_total$/, '').endsWith(`_${unit}`)).toBe(true)
      expect(help).toMatch(/^[^\n]+\.$/)
    },
  )

  it('are shown whole by a registry but for budgets, which come from elsewhere, and each figure is shown', () => {
    const metrics = new MetricRegistry({ names: 'both' })
    const shown = metrics.snapshot({ names: 'both', routiium: true }).map(({ family }) => family.name)
    const expected = families.filter(({ name, set }) => set !== 'operation' && !name.startsWith('llm_budget_'))
    expect([...shown].sort()).toEqual(expected.map(({ name }) => name).sort())
    expect(FIGURE_NAMES.filter((name) => !VIEWS.some(({ figures }) => figures.includes(name)))).toEqual([])
  })
})
