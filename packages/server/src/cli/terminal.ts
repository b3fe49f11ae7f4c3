import Table from 'cli-table3'
import pc from 'picocolors'

/** Where a command writes: figures to `out`, everything for people to `err`, so that output can be piped. */
export interface Terminal {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Bytes to `out`, resolved once there is room for more; rejects with code `EPIPE` when nobody reads any more. */
  readonly write: (bytes: Uint8Array) => Promise<void>
  /** Colours of `err` and of tables; plain when the output is no terminal or NO_COLOR is set. */
  readonly color: ReturnType<typeof pc.createColors>
  readonly columns: number
  /** A person watches `err`. */
  readonly interactive: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** What is piped in; absent where nothing is. */
  readonly piped?: () => Promise<string>
  /** The whole screen with its keys; absent where output or input is no terminal. */
  readonly screen?: Screen
  /** Told that the person wants to leave (Ctrl-C), or that nobody reads any more; returns what ends that. */
  readonly onInterrupt?: (leave: () => void) => () => void
}

/** A terminal that a command has for itself. */
export interface Screen {
  readonly size: () => { readonly columns: number; readonly rows: number }
  /** Takes it over; each key that is pressed is told by its text. Returns what gives it back as it was. */
  readonly open: (onKey: (key: string) => void) => () => void
}

export function processTerminal(env: Readonly<Record<string, string | undefined>>): Terminal {
  return {
    out: (text) => {
      hearErrors()
      process.stdout.write(text)
    },
    err: (text) => void process.stderr.write(text),
    write: (bytes) => {
      hearErrors()
      return new Promise((resolve, reject) =>
        process.stdout.write(bytes, (error) => (error ? reject(error) : resolve())),
      )
    },
    color: pc.createColors(pc.isColorSupported),
    columns: process.stdout.columns ?? (Number(env['COLUMNS']) || 100),
    interactive: process.stderr.isTTY === true,
    env,
    cwd: process.cwd(),
    ...(process.stdin.isTTY === true ? {} : { piped: pipedText }),
    ...(process.stdin.isTTY === true && process.stdout.isTTY === true ? { screen: PROCESS_SCREEN } : {}),
    onInterrupt: (leave) => {
      process.once('SIGINT', leave)
      process.stdout.once('error', leave)
      return () => {
        process.off('SIGINT', leave)
        process.stdout.off('error', leave)
      }
    },
  }
}

/** A reader that has gone, as `head` has once it has enough, would otherwise end the process with a trace. */
function hearErrors(): void {
  if (!process.stdout.listeners('error').includes(ignored)) process.stdout.on('error', ignored)
}

const ignored = (): void => undefined

async function pipedText(): Promise<string> {
  let text = ''
  for await (const piece of process.stdin.setEncoding('utf8')) text += piece
  return text
}

const ALTERNATE = '\x1b[?1049h\x1b[?25l'
const ORDINARY = '\x1b[?25h\x1b[?1049l'

const PROCESS_SCREEN: Screen = {
  size: () => ({ columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 }),
  open(onKey) {
    const told = (bytes: Buffer): void => onKey(bytes.toString())
    process.stdout.write(ALTERNATE)
    process.stdin.setRawMode(true).resume().on('data', told)
    return () => {
      process.stdin.off('data', told).setRawMode(false).pause()
      process.stdout.write(ORDINARY)
    }
  },
}

/** A line on `err` that says how far a long step is: rewritten in place for a person, every five seconds on a pipe. */
export class Progress {
  readonly #terminal: Terminal
  readonly #everyMs: number
  readonly #startMs: number
  #lastMs: number

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    this.#everyMs = terminal.interactive ? 100 : 5_000
    this.#startMs = performance.now()
    this.#lastMs = this.#startMs
  }

  /** `text` is made only when it is shown. */
  show(text: () => string): void {
    const now = performance.now()
    if (now - this.#lastMs < this.#everyMs) return
    this.#lastMs = now
    this.#terminal.err(this.#terminal.interactive ? `\r\x1b[2K${text()}` : `${text()}\n`)
  }

  /** Clears the line and returns the seconds the step took. */
  done(): number {
    if (this.#terminal.interactive) this.#terminal.err('\r\x1b[2K')
    return (performance.now() - this.#startMs) / 1000
  }
}

/** `8819` -> `8,819`. */
export function grouped(value: number | bigint | string): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

/**
 * Integer nano-USD as dollars, without a float in between.
 *
 * @example dollars('47608895000') // '$47.608895'
 */
export function dollars(nanoUsd: number | bigint | string): string {
  const value = BigInt(nanoUsd)
  const digits = (value < 0n ? -value : value).toString().padStart(10, '0')
  const fraction = digits.slice(-9).replace(/0+$/, '').padEnd(2, '0')
  return `${value < 0n ? '-' : ''}$${grouped(digits.slice(0, -9))}.${fraction}`
}

/** A table with a rule under its head only, that can be read with many rows. */
export function plainTable(head: readonly string[], aligned: readonly ('left' | 'right')[]): Table.Table {
  return new Table({
    head: [...head],
    colAligns: [...aligned],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: {
      ...Object.fromEntries(
        ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'].map(
          (part) => [part, ''],
        ),
      ),
      ...Object.fromEntries(
        ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'].map((part) => [part, '']),
      ),
    },
  })
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/**
 * Bytes for people, in powers of 1000.
 *
 * @example byteSize(1234567) // '1.2 MB'
 */
export function byteSize(bytes: number): string {
  let unit = 0
  let value = bytes
  for (; value >= 1000 && unit < BYTE_UNITS.length - 1; unit++) value /= 1000
  return `${unit === 0 ? value : value.toFixed(1)} ${BYTE_UNITS[unit]}`
}
