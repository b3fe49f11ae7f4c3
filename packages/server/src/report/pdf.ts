import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { TallystickError } from '@tallystick/core'

/** Makes a PDF of a page that loads nothing. @throws TallystickError `pdf_unavailable`, `query_cancelled` */
export type MakePdf = (html: string, signal: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>

export interface PdfOptions {
  /** The program; those that are usual are looked for in PATH when absent. */
  readonly chromium?: string
  readonly timeoutMs?: number
}

const USUAL = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const TIMEOUT_MS = 60_000
const MAX_TOLD = 4_096

/**
 * Prints by a browser of the Chromium family that is installed anyhow, in a profile of its own that is gone afterwards. The page
 * loads nothing, and every name is made to lead nowhere, so that no browser's own errands leave the machine either. One at a time:
 * a browser takes a few hundred megabytes.
 */
export function createPdf({ chromium, timeoutMs = TIMEOUT_MS }: PdfOptions = {}): MakePdf {
  const programs = chromium === undefined ? USUAL : [chromium]
  let last: Promise<unknown> = Promise.resolve()
  return (html, signal) => {
    const made = last.then(() => inOwnDirectory(programs, html, timeoutMs, signal))
    last = made.catch(() => undefined)
    return made
  }
}

async function inOwnDirectory(
  programs: readonly string[],
  html: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  if (signal.aborted) throw new TallystickError('query_cancelled')
  const dir = await mkdtemp(join(tmpdir(), 'tallystick-pdf-'))
  try {
    const [page, pdf] = [join(dir, 'report.html'), join(dir, 'report.pdf')]
    await writeFile(page, html)
    await print(programs, argumentsOf(dir, page, pdf), timeoutMs, signal)
    const bytes = await readFile(pdf).catch(() => undefined)
    if (bytes === undefined) throw unavailable('Chromium ended without having written the PDF')
    return new Uint8Array(bytes)
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}

function argumentsOf(dir: string, page: string, pdf: string): readonly string[] {
  return [
    '--headless=new',
    '--disable-gpu',
    '--disable-extensions',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--no-default-browser-check',
    '--host-resolver-rules=MAP * ~NOTFOUND',
    // It refuses to run as root with its sandbox. What it shows is our own page, without a script.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    `--user-data-dir=${join(dir, 'profile')}`,
    '--no-pdf-header-footer',
    `--print-to-pdf=${pdf}`,
    pathToFileURL(page).href,
  ]
}

/** Tries the programs in turn; one that is not there costs nothing. */
async function print(
  programs: readonly string[],
  args: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  for (const program of programs) {
    const outcome = await run(program, args, timeoutMs, signal)
    if (outcome === 'absent') continue
    if (outcome === undefined) return
    if (signal.aborted) throw new TallystickError('query_cancelled')
    throw unavailable(outcome)
  }
  throw unavailable(
    programs === USUAL
      ? `none of ${USUAL.join(', ')} is installed`
      : `there is no program ${programs.join(', ')} to run`,
  )
}

/** @returns what went wrong; undefined when nothing did */
function run(
  program: string,
  args: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    // A group of its own: the browser is many processes, and all of them end with it.
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    let told = ''
    let late = false
    const end = (): void => endGroup(child)
    const timer = setTimeout(() => {
      late = true
      end()
    }, timeoutMs)
    signal.addEventListener('abort', end, { once: true })
    // Whoever went away while the page was being written.
    if (signal.aborted) end()
    const settle = (outcome: string | undefined): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      end()
      resolve(outcome)
    }
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told = (told + text).slice(-MAX_TOLD)
    })
    child.on('error', (error: NodeJS.ErrnoException) =>
      settle(error.code === 'ENOENT' || error.code === 'EACCES' ? 'absent' : `${program}: ${error.code ?? 'failed'}`),
    )
    child.on('exit', (code, by) => {
      if (late) settle(`${program} did not finish within ${timeoutMs / 1000} s`)
      else settle(code === 0 ? undefined : `${program} ended with ${code ?? by}: ${lastLine(told)}`)
    })
  })
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended by itself.
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 300) ?? ''

const unavailable = (why: string): TallystickError =>
  new TallystickError('pdf_unavailable', `No PDF can be made: ${why}.`)
