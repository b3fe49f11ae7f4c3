import { ask, change } from './api.ts'
import { PAGES, type Page } from './pages.ts'

/** A view of the dashboard under a name, as the server keeps it. */
export interface SavedView {
  readonly id: string
  readonly name: string
  readonly address: string
  readonly tenant_id: string | null
  readonly created_by: string
  readonly may_change: boolean
}

const VIEWS = '/api/v1/views'

export function readViews(signal: AbortSignal): Promise<{ readonly views: readonly SavedView[] }> {
  return ask(VIEWS, { signal })
}

export function saveView(name: string, address: string): Promise<SavedView> {
  return change('POST', VIEWS, { name, address })
}

export function changeView({ id }: Pick<SavedView, 'id'>, name: string, address: string): Promise<SavedView> {
  return change('PUT', `${VIEWS}/${encodeURIComponent(id)}`, { name, address })
}

export function removeView({ id }: Pick<SavedView, 'id'>): Promise<unknown> {
  return change('DELETE', `${VIEWS}/${encodeURIComponent(id)}`)
}

/** The page that an address opens; undefined for one of none of ours, whoever has saved it. */
export function pageOf(address: string, origin: string): Page | undefined {
  if (!URL.canParse(address, origin)) return undefined
  const url = new URL(address, origin)
  return url.origin === origin ? PAGES.find(({ path }) => path === url.pathname) : undefined
}
