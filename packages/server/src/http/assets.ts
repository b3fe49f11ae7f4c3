import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { gzipSync } from 'node:zlib'

/** A file of the dashboard, ready to be sent. */
export interface Asset {
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The same compressed, where that is worth it; made when it is first asked for, so that a start does not wait for it. */
  gzipped(): Uint8Array<ArrayBuffer> | undefined
  readonly etag: string
  readonly cacheControl: string
}

/**
 * The files of the dashboard, held in memory. A request only ever looks up a name in a map, so no path of a client
 * reaches the file system.
 */
export interface Assets {
  find(path: string): Asset | undefined
  /** Shown in place of a page that is not built. */
  readonly placeholder: Asset
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
  ['.json', 'application/json'],
  ['.webmanifest', 'application/manifest+json'],
  ['.txt', 'text/plain; charset=utf-8'],
  ['.woff2', 'font/woff2'],
])
/** A content hash in the name, as the bundler writes it into `assets/`: such a file never changes. */
const HASHED = /^\/assets\/[^/]+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/
const MAX_TOTAL_BYTES = 32 * 1024 * 1024

const PLACEHOLDER = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tallystick</title></head>
<body><h1>Tallystick</h1>
<p>The server runs. The dashboard is not built here: run <code>npm run build</code> in the clone, then start it again.</p>
<p>The API answers all the same: <a href="/api/v1/status">status</a>, <a href="/api/v1/events">events</a>,
<a href="/api/v1/invariants">invariants</a>.</p>
</body></html>
`

/**
 * Reads the files of `directory`, or none when it does not exist.
 *
 * @example (await loadAssets('dist/dashboard')).find('/index.html')?.type // 'text/html; ...'
 */
export async function loadAssets(directory: string | undefined): Promise<Assets> {
  const files = new Map<string, Asset>()
  let total = 0
  for (const path of await listFiles(directory)) {
    const type = TYPES.get(extname(path))
    if (type === undefined) continue
    const bytes = await readFile(path)
    total += bytes.byteLength
    if (total > MAX_TOTAL_BYTES) break
    const name = `/${relative(directory as string, path)
      .split(sep)
      .join('/')}`
    files.set(name, assetOf(name, type, bytes))
  }
  return {
    find: (path) => files.get(path),
    placeholder: assetOf('/index.html', 'text/html; charset=utf-8', Buffer.from(PLACEHOLDER)),
  }
}

async function listFiles(directory: string | undefined): Promise<string[]> {
  if (directory === undefined) return []
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

function assetOf(name: string, type: string, content: Buffer): Asset {
  const bytes = new Uint8Array(content)
  const worthIt = /^(text|application|image\/svg)/.test(type) && content.byteLength > 1_000
  let gzipped: Uint8Array<ArrayBuffer> | undefined
  return {
    type,
    bytes,
    gzipped() {
      if (worthIt) gzipped ??= new Uint8Array(gzipSync(content, { level: 9 }))
      return gzipped
    },
    etag: `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
    cacheControl: HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
  }
}
