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
      this.#zoomedFrom.length = 0
      this.refresh()
    })
  }

  get zone(): string {
    return this.state.zone ?? this.localZone
  }

  /** Another view; the browser's back button returns to this one. A range picked anew ends what was zoomed into. */
  set(change: Partial<ViewState>): void {
    const next = { ...this.state, ...change }
    const query = encodeView(next)
    if (query === encodeView(this.state)) return
    if (change.range) this.#zoomedFrom.length = 0
    this.state = next
    this.nowMs = systemClock.now()
    history.pushState(null, '', query ? `?${query}` : location.pathname)
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
}

export const view = new View()
