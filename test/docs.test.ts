import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ERRORS } from '@tallystick/core'
import { DIMENSIONS, EVENT_KINDS, FIELD_NAMES, wireName } from '@tallystick/core/event'
import { COUNTERS, QUANTITIES } from '@tallystick/core/query'
import { describe, expect, it } from 'vitest'
import { CONFIG_KEYS } from '../packages/server/src/config/keys.ts'
import { STORE_SCHEMES } from '../packages/server/src/store/open-store.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** First cells of the table rows of a document, without their backticks. */
const firstCells = (text: string): string[] => [...text.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1] as string)

/** The documents for people. */
const DOCUMENTS: readonly string[] = [
  ...readdirSync(join(ROOT, 'docs'), { recursive: true }).map((name) => join('docs', String(name))),
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
].filter((name) => name.endsWith('.md'))

describe('documents', () => {
  it('docs/errors.md has every code of the table with its status and retry, and no other', () => {
    const rows = [...read('docs/errors.md').matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| (yes|no) \|/gm)].map((row) =>
      row.slice(1, 4),
    )
    const table = Object.entries(ERRORS).map(([code, spec]) => [
      code,
      String(spec.status),
      spec.retryable ? 'yes' : 'no',
    ])
    expect(rows).toEqual(table)
  })

  it('docs/config.md has every key with its variable, and no other', () => {
    const rows = [...read('docs/config.md').matchAll(/^\| `([a-z0-9_.]+)` \| `([A-Z_]+)` \|/gm)].map((row) =>
      row.slice(1, 3),
    )
    expect(rows).toEqual(CONFIG_KEYS.map((spec) => [spec.key, spec.env]))
  })

  it('docs/stores.md has a row and a section for every kind of store, and no other', () => {
    const text = read('docs/stores.md')
    const [kinds = ''] = text.split('\n## ')
    const rows = [...kinds.matchAll(/^\| (`[^|]+) \|/gm)].map((match) =>
      [...(match[1] as string).matchAll(/`([a-z+]+:)`/g)].map((name) => name[1] as string),
    )
    expect(rows.flat().sort()).toEqual(STORE_SCHEMES.map((name) => `${name}:`).sort())
    const sections = [...text.matchAll(/^## `([a-z]+:)/gm)].map((match) => match[1])
    expect(sections.sort()).toEqual(rows.map(([first]) => first).sort())
  })

  it('docs/wire.md names every field, kind, dimension, counter and quantity', () => {
    const named = new Set([...read('docs/wire.md').matchAll(/`([a-z0-9_]+)`/g)].map((match) => match[1]))
    const expected = [
      ...FIELD_NAMES.map(wireName),
      ...EVENT_KINDS,
      ...DIMENSIONS.map((dimension) => dimension.name),
      ...COUNTERS.map((counter) => counter.name),
      ...QUANTITIES.map((quantity) => quantity.name),
    ]
    expect(expected.filter((name) => !named.has(name))).toEqual([])
  })

  it('every relative link leads to a file', () => {
    const broken = DOCUMENTS.flatMap((document) =>
      [...read(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)/g)]
        .map((match) => match[1] as string)
        .filter((target) => !existsSync(join(ROOT, dirname(document), target)))
        .map((target) => `${document} -> ${target}`),
    )
    expect(broken).toEqual([])
  })

  it('every picture is shown by a document', () => {
    const shown = DOCUMENTS.map(read).join('\n')
    const pictures = readdirSync(join(ROOT, 'docs/images'))
    expect(pictures.length).toBeGreaterThan(0)
    expect(pictures.filter((name) => !shown.includes(`images/${name})`))).toEqual([])
  })

  it('the glossary defines each word once', () => {
    const words = firstCells(read('docs/glossary.md'))
    expect(words.length).toBeGreaterThan(20)
    expect(new Set(words).size).toBe(words.length)
  })

  it('no document or source names a registry host or a path of the machine that built it', () => {
    const suspicious = /registry\.npmjs|\/work\/|\/root\/|\/home\//
    const files = [...DOCUMENTS, 'package-lock.json']
    expect(files.filter((file) => suspicious.test(read(file)))).toEqual([])
  })
})
