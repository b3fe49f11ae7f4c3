import type { Attachment } from 'svelte/attachments'

/**
 * A part that scrolls and holds nothing to put the focus on becomes a stop of Tab of its own, for as long as it scrolls: not
 * every browser makes it one by itself.
 *
 * @param label what it is, for those who do not see it
 */
export function reachable(label: string): Attachment<HTMLElement> {
  return (element) => {
    const look = (): void => {
      const scrolls = element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight
      for (const [name, value] of [
        ['tabindex', '0'],
        ['role', 'group'],
        ['aria-label', label],
      ] as const)
        if (scrolls) element.setAttribute(name, value)
        else element.removeAttribute(name)
    }
    const observer = new ResizeObserver(look)
    observer.observe(element)
    for (const child of element.children) observer.observe(child)
    return () => observer.disconnect()
  }
}
