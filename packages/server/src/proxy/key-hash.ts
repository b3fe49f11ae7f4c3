import { createHmac, randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Gives a provider's key the id under which its events are kept. */
export type KeyHash = (key: string) => string

const FILE = 'proxy.secret'
const ID_HEX_DIGITS = 32

/**
 * The id of a key: HMAC-SHA256 under the secret, 128 bits of it. Whoever has the id and not the secret cannot try keys against it;
 * whoever has the same secret gets the same id.
 *
 * @example createKeyHash('secret')('sk-1') === createKeyHash('secret')('sk-1') // true
 */
export function createKeyHash(secret: string): KeyHash {
  return (key) => `pk_${createHmac('sha256', secret).update(key).digest('hex').slice(0, ID_HEX_DIGITS)}`
}

/** The secret of a data directory, made when it is first asked for. Several processes agree: the first to have made it wins. */
export function directorySecret(dataDir: string): string {
  const path = join(dataDir, FILE)
  const found = readSecret(path)
  if (found !== undefined) return found
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  // Written whole under another name first: nobody ever reads half of one.
  const draft = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(draft, `${newSecret()}\n`, { mode: 0o600, flag: 'wx', flush: true })
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return readSecret(path) as string
}

/** For a process that keeps nothing. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

function readSecret(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim()
    return text === '' ? undefined : text
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
