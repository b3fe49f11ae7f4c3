/** Keys of the whole page, and arrows in lists. */

export interface Shortcut {
  readonly key: string
  readonly does: string
}

export const SHORTCUTS: readonly Shortcut[] = [
  { key: '/', does: 'Filter by anything' },
  { key: 't', does: 'Pick the range of time' },
  { key: 'z', does: 'Pick the time zone' },
  { key: 'b', does: 'Pick what to break down by' },
  { key: 'v', does: 'Saved views' },
  { key: 'r', does: 'Refresh now' },
  { key: 'd', does: 'Dark or light' },
  { key: '← →', does: 'Read a chart, step by step' },
  { key: 'Enter', does: 'Zoom into the step of a chart' },
  { key: '↑ ↓', does: 'Move in tables and lists' },
  { key: 'Esc', does: 'Close, or zoom out again' },
  { key: '?', does: 'This list' },
]

/** Is the key meant for a field that a person types in, or for the browser? */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true
  const target = event.target
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** Up, down, Home and End move the focus among what `selector` finds below the element that listens. */
export function moveFocus(event: KeyboardEvent, selector: string): void {
  const list = [...((event.currentTarget as HTMLElement | null)?.querySelectorAll<HTMLElement>(selector) ?? [])]
  const at = list.findIndex((element) => element.matches(':focus'))
  const to = new Map([
    ['ArrowDown', Math.min(list.length - 1, at + 1)],
    ['ArrowUp', Math.max(0, at - 1)],
    ['Home', 0],
    ['End', list.length - 1],
  ]).get(event.key)
  const target = to === undefined || (at === -1 && event.key !== 'ArrowDown') ? undefined : list[to]
  if (!target) return
  event.preventDefault()
  target.focus()
}
