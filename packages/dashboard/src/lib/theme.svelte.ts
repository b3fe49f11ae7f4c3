/** Light or dark: what the person chose here, else what the system asks for. */

type Theme = 'light' | 'dark'

const KEPT_AS = 'tallystick.theme'
const system = matchMedia('(prefers-color-scheme: dark)')

function chosen(): Theme | null {
  try {
    const kept = localStorage.getItem(KEPT_AS)
    return kept === 'light' || kept === 'dark' ? kept : null
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
    return null
  }
}

class ThemeChoice {
  current = $state<Theme>(chosen() ?? (system.matches ? 'dark' : 'light'))

  constructor() {
    this.#apply()
    // Paper is white, whatever the screen is.
    matchMedia('print').addEventListener('change', ({ matches }) => {
      if (matches) this.#set('light')
      else this.#set(chosen() ?? (system.matches ? 'dark' : 'light'))
    })
    system.addEventListener('change', () => {
      if (chosen() === null) this.#set(system.matches ? 'dark' : 'light')
    })
  }

  toggle(): void {
    const next = this.current === 'dark' ? 'light' : 'dark'
    try {
      // Back at what the system wants, the page follows the system again.
      if ((next === 'dark') === system.matches) localStorage.removeItem(KEPT_AS)
      else localStorage.setItem(KEPT_AS, next)
    } catch {
      // As above.
    }
    this.#set(next)
  }

  #set(theme: Theme): void {
    this.current = theme
    this.#apply()
  }

  #apply(): void {
    document.documentElement.dataset['theme'] = this.current
  }
}

/** Made when first imported, before anything is drawn. */
export const theme = new ThemeChoice()
