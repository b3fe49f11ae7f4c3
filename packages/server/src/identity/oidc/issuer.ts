import { TallystickError } from '@tallystick/core'
import type { ClientAuth, Configuration } from 'openid-client'
import { isSafeUrl, type OidcOptions } from './options.ts'

/** The issuer as it has described itself. */
export interface Issuer {
  /**
   * Asks for the description when it is first needed, and again after a while.
   *
   * @throws TallystickError `issuer_unavailable`
   */
  configuration(nowMs: number): Promise<Configuration>
}

const TIMEOUT_SECONDS = 10
const FRESH_MS = 3_600_000
/** A failure is told again, not asked for again, for so long: a page that reloads must not become a flood there. */
const FAILED_MS = 5_000
/** Where secrets and people are sent. */
const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint'] as const

export function createIssuer(options: OidcOptions): Issuer {
  let asked: { readonly answer: Promise<Configuration>; untilMs: number } | undefined
  return {
    configuration(nowMs) {
      if (asked !== undefined && nowMs < asked.untilMs) return asked.answer
      const asking = { answer: discover(options), untilMs: nowMs + FRESH_MS }
      asking.answer.catch(() => {
        asking.untilMs = nowMs + FAILED_MS
      })
      asked = asking
      return asking.answer
    },
  }
}

async function discover({ issuer, clientId, clientSecret }: OidcOptions): Promise<Configuration> {
  // Loaded by the first login: most servers see none.
  const client = await import('openid-client')
  const extensions = [client.enableNonRepudiationChecks]
  // The options allow http on loopback alone.
  if (issuer.startsWith('http:')) extensions.push(client.allowInsecureRequests)
  const discovered = await client
    .discovery(new URL(issuer), clientId, undefined, client.None(), { timeout: TIMEOUT_SECONDS, execute: extensions })
    .catch((cause: unknown) => {
      throw unavailable(`The description of the issuer ${issuer} cannot be had: ${reasonOf(cause)}.`, cause)
    })
  const server = discovered.serverMetadata()
  for (const name of ENDPOINTS) {
    const url = server[name]
    if (name === 'userinfo_endpoint' ? url !== undefined && !isSafeUrl(url) : url === undefined || !isSafeUrl(url))
      throw unavailable(`The issuer ${issuer} describes no ${name} that may be used.`)
  }
  const configuration = new client.Configuration(
    server,
    clientId,
    clientSecret,
    authenticationOf(client, server.token_endpoint_auth_methods_supported, clientSecret),
  )
  configuration.timeout = TIMEOUT_SECONDS
  for (const extend of extensions) extend(configuration)
  return configuration
}

function authenticationOf(
  client: typeof import('openid-client'),
  // What a description that says nothing means: OpenID Connect Discovery 1.0, section 3.
  methods: readonly string[] = ['client_secret_basic'],
  secret: string | undefined,
): ClientAuth {
  if (secret === undefined) return client.None()
  return methods.includes('client_secret_basic') ? client.ClientSecretBasic(secret) : client.ClientSecretPost(secret)
}

export const unavailable = (message: string, cause?: unknown): TallystickError =>
  new TallystickError('issuer_unavailable', message, { cause })

/** In a few words, none of which come from a body: those may hold anything. */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'it failed'
  const inner = cause.cause
  if (inner instanceof Error && 'code' in inner && typeof inner.code === 'string') return inner.code
  // Not by its class: servers for Node put one of their own in the place of the global.
  const status = typeof inner === 'object' && inner !== null && 'status' in inner ? inner.status : undefined
  return typeof status === 'number' ? `it answered ${status}` : cause.message
}
