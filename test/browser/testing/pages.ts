import { readFileSync } from 'node:fs'

/** A row of the table of pages. */
export interface PageRow {
  readonly path: string
  readonly label: string
  readonly key: string
  readonly scoped: boolean
}

const TABLE = readFileSync(new URL('../../../packages/dashboard/src/lib/pages.ts', import.meta.url), 'utf8')

/**
 * All pages, in the order of the navigation: a new one is tried by standing in the table. It is read as text, for it imports
 * components that only the build of the page understands; the keyboard walk holds it against the navigation on the page.
 */
export const PAGES: readonly PageRow[] = [
  ...TABLE.matchAll(
    /path: (OVERVIEW|'[^']+'),\s+label: '([^']+)',\s+group: '[^']+',\s+key: '(.)',\s+scoped: (true|false)/g,
  ),
].map(([, path = '', label = '', key = '', scoped]) => ({
  path: path === 'OVERVIEW' ? '/' : path.slice(1, -1),
  label,
  key,
  scoped: scoped === 'true',
}))

/** The name of a page in the names of files. @example slug({ path: '/what-if' }) // 'what-if' */
export const slug = ({ path }: Pick<PageRow, 'path'>): string => path.slice(1) || 'overview'
