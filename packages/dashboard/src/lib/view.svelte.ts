import { systemClock } from '@tallystick/core/event'
import { localZone } from './instants.ts'
import { decodeView, encodeView, type ViewState } from './url-state.ts'

/** The view as it stands in the address, and the moment it is looked at. */
class View {
  state = $state.raw<ViewState>(decodeView(location.search))
  /** "Now" of ranges that end now. Moves when figures are refreshed, so that all panels speak of one moment. */
  nowMs = $state(systemClock.now())
  readonly localZone = localZone()
  readonly #zoomedFrom: ViewState[] = []

  constructor() {
    addEventListener('popstate', () => {
      this.state = decodeView(location.search)
      this.refresh()
    })
  }

  get zone(): string {
    return this.state.zone ?? this.localZone
  }

  /** Another view; the browser's back button returns to this one. */
  set(change: Partial<ViewState>): void {
    const next = { ...this.state, ...change }
    const query = encodeView(next)
    if (query === encodeView(this.state)) return
    this.state = next
    this.nowMs = systemClock.now()
    history.pushState(null, '', query ? `?${query}` : location.pathname)
  }

  /** Narrows the range to a part of a chart; {@link zoomOut} returns. */
  zoom(fromMs: number, toMs: number): void {
    this.#zoomedFrom.push(this.state)
    this.set({ range: { fromMs, toMs } })
  }

  /** @returns false when nothing was zoomed into */
  zoomOut(): boolean {
    const before = this.#zoomedFrom.pop()
    if (!before) return false
    this.set({ range: before.range })
    return true
  }

  refresh(): void {
    this.nowMs = systemClock.now()
  }
}

export const view = new View()
