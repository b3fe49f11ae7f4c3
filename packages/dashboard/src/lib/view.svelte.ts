import { systemClock } from '@tallystick/core/event'
import { localZone } from './instants.ts'
import { carried, decodeView, encodeView, type ViewState } from './url-state.ts'

/** Which page is shown and its view, as they stand in the address, and the moment it is looked at. */
class View {
  path = $state(location.pathname)
  state = $state.raw<ViewState>(decodeView(location.search))
  /** "Now" of ranges that end now. Moves when figures are refreshed, so that all panels speak of one moment. */
  nowMs = $state(systemClock.now())
  readonly localZone = localZone()
  readonly #zoomedFrom: ViewState[] = []

  constructor() {
    addEventListener('popstate', () => this.#read())
  }

  get zone(): string {
    return this.state.zone ?? this.localZone
  }

  /**
   * Another view; the browser's back button returns to this one, unless it takes its place. A range picked anew ends what was
   * zoomed into.
   */
  set(change: Partial<ViewState>, how: 'push' | 'replace' = 'push'): void {
    const next = { ...this.state, ...change }
    const query = encodeView(next)
    if (query === encodeView(this.state)) return
    if (change.range) this.#zoomedFrom.length = 0
    this.state = next
    this.nowMs = systemClock.now()
    const address = query ? `?${query}` : location.pathname
    if (how === 'push') history.pushState(null, '', address)
    else history.replaceState(null, '', address)
  }

  /** What the page shown keeps in the address by this name; null when it is not there. */
  param(name: string): string | null {
    return this.state.page.get(name) ?? null
  }

  /** Parameters of the page shown; null takes one out of the address. */
  setParams(params: { readonly [name: string]: string | null }, how: 'push' | 'replace' = 'push'): void {
    const page = new Map(this.state.page)
    for (const [name, text] of Object.entries(params)) {
      if (text === null) page.delete(name)
      else page.set(name, text)
    }
    this.set({ page }, how)
  }

  /** The address of a page with the range, zone and filters of this one. */
  href(path: string, change: Partial<ViewState> = {}): string {
    const query = encodeView({ ...carried(this.state), ...change })
    return query ? `${path}?${query}` : path
  }

  /** Goes to an address of this page without loading it anew. */
  go(address: string): void {
    history.pushState(null, '', address)
    this.#read()
  }

  /** Narrows the range to a part of a chart; {@link zoomOut} returns. */
  zoom(fromMs: number, toMs: number): void {
    const before = [...this.#zoomedFrom, this.state]
    this.set({ range: { fromMs, toMs } })
    this.#zoomedFrom.push(...before)
  }

  /** @returns false when nothing was zoomed into */
  zoomOut(): boolean {
    const before = [...this.#zoomedFrom]
    const last = before.pop()
    if (!last) return false
    this.set({ range: last.range })
    this.#zoomedFrom.push(...before)
    return true
  }

  refresh(): void {
    this.nowMs = systemClock.now()
  }

  #read(): void {
    this.path = location.pathname
    this.state = decodeView(location.search)
    this.#zoomedFrom.length = 0
    this.refresh()
  }
}

export const view = new View()
