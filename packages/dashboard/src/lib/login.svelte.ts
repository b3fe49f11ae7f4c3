import { tick } from 'svelte'
import { announce } from './announce.svelte.ts'
import { endSession, onRefused, openSession, Problem, readSession, type SessionView } from './api.ts'

/** What the server says in the address when a login with an issuer came to nothing. */
const FAILURES = new Map([
  ['login_failed', 'The login was not completed. Begin it again, and finish it within ten minutes.'],
  ['login_refused', 'This account may not come in here. Use another one, or a key.'],
  [
    'issuer_unavailable',
    'Single sign-on does not work at the moment. Try again, or use a key; the log of the server says why.',
  ],
])

/** Who the server takes this browser for. */
class Login {
  /** Undefined until the server has been asked. */
  needed = $state<boolean>()
  view = $state.raw<SessionView | null>(null)
  /** Why the last attempt came to nothing. */
  failure = $state('')

  constructor() {
    onRefused(() => void this.look())
    const code = /^#login=([a-z_]+)$/.exec(location.hash)?.[1]
    if (code === undefined) return
    this.failure = FAILURES.get(code) ?? ''
    history.replaceState(history.state, '', location.pathname + location.search)
  }

  /** Asks who we are; where that is not answered, the page goes on and says so in its own places. */
  async look(): Promise<void> {
    try {
      this.#show(await readSession())
    } catch {
      this.needed ??= false
    }
  }

  async open(key: string): Promise<void> {
    this.failure = ''
    try {
      this.#show(await openSession(key))
      announce('You are logged in.')
    } catch (error) {
      this.failure = error instanceof Problem ? error.message : String(error)
    }
  }

  async end(): Promise<void> {
    // Figures and their stream go first, or the page would be told of its own doing as of a fault.
    this.needed = true
    await tick()
    try {
      await endSession()
      announce('You are logged out.')
    } catch (error) {
      announce(error instanceof Problem ? error.message : String(error))
    }
    await this.look()
  }

  #show(view: SessionView): void {
    this.view = view
    this.needed = view.kind === 'nobody'
  }
}

export const login = new Login()
