import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const ROOTS = new Map([
  ['core', 'packages/core/src'],
  ['server', 'packages/server/src'],
])

/** Folder -> what it may import, from the table of ARCHITECTURE.md: the document is the rule. */
const layers = new Map(
  [...readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8').matchAll(/^\| `([a-z/]+)` \|[^|]*\|([^|]*)\|$/gm)].map(
    (row) => [row[1] as string, [...(row[2] as string).matchAll(/`([^`]+)`/g)].map((name) => name[1] as string)],
  ),
)

function filesBelow(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    if (statSync(path).isDirectory()) return name === 'node_modules' || name === 'dist' ? [] : filesBelow(path)
    return /\.(ts|svelte)$/.test(name) ? [path] : []
  })
}

/** The layer that a source file belongs to: its package and first folder, or its own name at the top of the package. */
function layerOf(path: string): string | undefined {
  for (const [name, root] of ROOTS) {
    const inside = relative(join(ROOT, root), path)
    if (!inside.startsWith('..')) return `${name}/${inside.split('/')[0]?.replace(/\.ts$/, '')}`
  }
  return relative(ROOT, path).startsWith('packages/dashboard/') ? 'dashboard' : undefined
}

const importsOf = (path: string): string[] =>
  [
    ...readFileSync(path, 'utf8').matchAll(
      /^(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)/gm,
    ),
  ].map((match) => (match[1] ?? match[2]) as string)

/** The layer that an import leads to; undefined for other people's packages. */
function targetOf(specifier: string, from: string): string | undefined {
  if (specifier.startsWith('.')) return layerOf(resolve(dirname(from), specifier))
  if (specifier === '@tallystick/core') return 'core/index'
  const subpath = /^@tallystick\/core\/([a-z]+)$/.exec(specifier)
  return subpath ? `core/${subpath[1]}` : undefined
}

const sources = [...ROOTS.values(), 'packages/dashboard/src']
  .flatMap((root) => filesBelow(join(ROOT, root)))
  .filter((path) => !path.endsWith('.test.ts') && !path.includes('/testing/'))

const permitted = (allowed: readonly string[], target: string): boolean =>
  allowed.some((name) => (name.endsWith('/*') ? target.startsWith(name.slice(0, -1)) : name === target))

describe('layers', () => {
  it('has a row for every folder, and a folder for every row', () => {
    const used = new Set(sources.map(layerOf).filter((layer) => !/\/(index|version)$/.test(layer ?? '')))
    expect([...used].filter((layer) => !layers.has(layer as string))).toEqual([])
    expect([...layers.keys()].filter((layer) => !used.has(layer))).toEqual([])
  })

  it('imports downwards only, as the table of ARCHITECTURE.md says', () => {
    const wrong = sources.flatMap((path) => {
      const layer = layerOf(path) as string
      // The front door of a package re-exports; `core` as a whole is its events and errors.
      if (/\/index$/.test(layer)) return []
      const allowed = layers.get(layer) ?? []
      return importsOf(path).flatMap((specifier) => {
        const target = targetOf(specifier, path)
        if (target === undefined || target === layer) return []
        if (target === 'core/index') return layer.startsWith('core/') ? [`${relative(ROOT, path)} -> ${specifier}`] : []
        return permitted(allowed, target) ? [] : [`${relative(ROOT, path)} -> ${specifier}`]
      })
    })
    expect(wrong).toEqual([])
  })

  it('goes round nowhere', () => {
    const edges = new Map<string, Set<string>>()
    for (const path of sources) {
      const layer = layerOf(path) as string
      for (const specifier of importsOf(path)) {
        const target = targetOf(specifier, path)
        if (target !== undefined && target !== layer) edges.set(layer, (edges.get(layer) ?? new Set()).add(target))
      }
    }
    const visit = (layer: string, trail: readonly string[]): readonly string[] => {
      if (trail.includes(layer)) return [...trail, layer]
      for (const next of edges.get(layer) ?? []) {
        const cycle = visit(next, [...trail, layer])
        if (cycle.length > 0) return cycle
      }
      return []
    }
    for (const layer of edges.keys()) expect(visit(layer, [])).toEqual([])
  })

  it('keeps Node out of everything in core but the folders that write files', () => {
    const forNode = new Set(['core/journal', 'core/spool', 'core/compat'])
    const wrong = sources.filter((path) => {
      const layer = layerOf(path) as string
      if (layer !== 'dashboard' && (!layer.startsWith('core/') || forNode.has(layer))) return false
      return importsOf(path).some((specifier) => specifier.startsWith('node:'))
    })
    expect(wrong).toEqual([])
  })

  it('reads the clock, chance, the environment and the console only where the design says', () => {
    const rules: readonly { what: RegExp; where: RegExp }[] = [
      { what: /\bDate\.now\(/, where: /core\/src\/event\/clock\.ts|server\/src\/cli\/|dashboard\/src/ },
      { what: /\bMath\.random\(/, where: /^$/ },
      { what: /\bprocess\.env\b/, where: /server\/src\/config\/config\.ts|server\/src\/cli\/main\.ts/ },
      { what: /\bconsole\./, where: /^$/ },
    ]
    const withoutComments = (path: string): string =>
      readFileSync(path, 'utf8')
        .replace(/\/\*[\s\S]*?\*\//g, '')
        .replace(/^\s*\/\/.*$/gm, '')
    const wrong = sources.flatMap((path) =>
      rules
        .filter(({ what, where }) => !where.test(path) && what.test(withoutComments(path)))
        .map(({ what }) => `${relative(ROOT, path)}: ${what.source}`),
    )
    expect(wrong).toEqual([])
  })
})
