import type { AlertTarget } from '../state/alert.ts'

const MASK = '***'

/** A target as it is shown: the path of an address is a credential with Slack and with many others, a secret always. */
export function shownTarget(target: AlertTarget): Readonly<Record<string, string>> {
  if (target.kind === 'mail') return { kind: 'mail', to: target.to }
  const url = shownUrl(target.url)
  return target.kind === 'slack' || target.secret === undefined
    ? { kind: target.kind, url }
    : { kind: target.kind, url, secret: MASK }
}

function shownUrl(text: string): string {
  const { origin, pathname, search, hash } = new URL(text)
  return pathname === '/' && search === '' && hash === '' ? origin : `${origin}/${MASK}`
}

/**
 * A target that was shown and is sent back takes what was masked from the one it shows: the one at the same place, else the only
 * one that looks the same. A secret is kept only where the address is, so that nobody learns of it by pointing elsewhere.
 */
export function unmasked(
  sent: AlertTarget,
  place: number,
  before: readonly AlertTarget[],
): { readonly target: AlertTarget } | { readonly problem: string } {
  if (sent.kind === 'mail') return { target: sent }
  const same = before
    .filter((old) => old.kind !== 'mail')
    .filter((old) => old.kind === sent.kind && (old.url === sent.url || shownUrl(old.url) === sent.url))
  const here = before[place]
  const old = same.find((candidate) => candidate === here) ?? (same.length === 1 ? same[0] : undefined)
  const masked = isMasked(sent.url)
  if (masked && old === undefined) return { problem: `${sent.url} is how an address is shown; send the whole address` }
  const url = old !== undefined && shownUrl(old.url) === sent.url ? old.url : sent.url
  if (sent.kind === 'slack') return { target: { ...sent, url } }
  if (sent.secret !== MASK) return { target: { ...sent, url } }
  const secret = old?.kind === 'webhook' && old.url === url ? old.secret : undefined
  return secret === undefined
    ? { problem: `the secret is shown as ${MASK}; send it anew for another address` }
    : { target: { ...sent, url, secret } }
}

const isMasked = (url: string): boolean => url.endsWith(`/${MASK}`)
