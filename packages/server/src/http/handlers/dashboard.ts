import { TallystickError } from '@tallystick/core'
import type { Asset } from '../assets.ts'
import type { Handler } from '../route.ts'

const INDEX = '/index.html'

/** `GET /` and below: the files of the dashboard, and its page for every other address a browser asks for. */
export const page: Handler = ({ request, url, app }) => {
  const asset = app.assets.find(url.pathname === '/' ? INDEX : url.pathname)
  if (asset !== undefined) return fileAnswer(asset, request)
  // Addresses of the page's own views; an API path or a missing file must stay an error.
  const wantsPage = url.pathname === '/' || (request.headers.get('accept') ?? '').includes('text/html')
  const isFile = /\.[^/]*$/.test(url.pathname)
  if (!wantsPage || isFile || url.pathname.startsWith('/api/'))
    throw new TallystickError('not_found', 'There is nothing at this address.')
  return fileAnswer(app.assets.find(INDEX) ?? app.assets.placeholder, request)
}

/** A file, compressed where the client takes it, or 304 where it has it already. */
export function fileAnswer(asset: Asset, request: Request): Response {
  const headers = new Headers({
    'content-type': asset.type,
    'cache-control': asset.cacheControl,
    etag: asset.etag,
    vary: 'accept-encoding',
  })
  if ((request.headers.get('if-none-match') ?? '').includes(asset.etag))
    return new Response(null, { status: 304, headers })
  const zipped = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '') ? asset.gzipped() : undefined
  const body = zipped ?? asset.bytes
  if (zipped) headers.set('content-encoding', 'gzip')
  headers.set('content-length', String(body.byteLength))
  return new Response(body, { headers })
}
