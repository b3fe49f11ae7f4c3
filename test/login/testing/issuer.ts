import { createHash, createSign, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Members = Record<string, unknown>

/** An OpenID Connect issuer of its own, over real HTTP and with real signatures, that can be told to lie. */
export interface Issuer {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  /** What it says of whoever logs in. */
  person: Members
  /** What `/userinfo` says; as of the ID token when absent. */
  userinfo: Members | undefined
  /** Changes what is signed, or how. */
  forge: (token: Token) => Token
  /** Answers every request with this status. */
  failing: number | undefined
  /** Changes the discovery document. */
  describe: (document: Members) => Members
  /** Asks at its endpoints, by path. */
  readonly asked: Map<string, number>
  /** What the last token request held. */
  lastTokenRequest: URLSearchParams | undefined
  close(): Promise<void>
}

export interface Token {
  readonly header: Members
  readonly claims: Members
  readonly key: KeyObject
}

interface Grant {
  readonly redirectUri: string
  readonly nonce: string | null
  readonly challenge: string | null
}

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const rsa = (): { publicKey: KeyObject; privateKey: KeyObject } => generateKeyPairSync('rsa', { modulusLength: 2048 })
const KID = 'key-1'

/** A key that the issuer does not publish. */
export const FOREIGN_KEY: KeyObject = rsa().privateKey

export async function startIssuer(): Promise<Issuer> {
  const keys = rsa()
  const grants = new Map<string, Grant>()
  const server = createServer((request, response) => void handle(request, response))
  // Longer than any test pauses: one that asks at the moment in which its connection is given up gets no answer.
  server.keepAliveTimeout = 600_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const issuer: Issuer = {
    url,
    clientId: 'tallystick-test',
    clientSecret: 's3cret:with/signs',
    person: { sub: 'person-1', email: 'ada@example.com', email_verified: true },
    userinfo: undefined,
    forge: (token) => token,
    failing: undefined,
    describe: (document) => document,
    asked: new Map(),
    lastTokenRequest: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = new URL(request.url as string, url)
    issuer.asked.set(target.pathname, (issuer.asked.get(target.pathname) ?? 0) + 1)
    const send = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    }
    if (issuer.failing !== undefined) return send(issuer.failing, { error: 'temporarily_unavailable' })
    switch (target.pathname) {
      case '/.well-known/openid-configuration':
        return send(200, issuer.describe(description(url)))
      case '/jwks':
        return send(200, {
          keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: KID, alg: 'RS256', use: 'sig' }],
        })
      case '/authorize': {
        const { searchParams } = target
        const code = randomUUID()
        const redirectUri = searchParams.get('redirect_uri') as string
        grants.set(code, {
          redirectUri,
          nonce: searchParams.get('nonce'),
          challenge: searchParams.get('code_challenge_method') === 'S256' ? searchParams.get('code_challenge') : null,
        })
        const back = new URL(redirectUri)
        back.search = new URLSearchParams({ code, state: searchParams.get('state') ?? '' }).toString()
        response.writeHead(302, { location: back.href })
        return void response.end()
      }
      case '/token': {
        const form = new URLSearchParams(await textOf(request))
        issuer.lastTokenRequest = form
        if (!isClient(request)) return send(401, { error: 'invalid_client' })
        const code = form.get('code') ?? ''
        const grant = grants.get(code)
        grants.delete(code)
        const proof = createHash('sha256')
          .update(form.get('code_verifier') ?? '')
          .digest('base64url')
        if (grant === undefined || grant.redirectUri !== form.get('redirect_uri') || grant.challenge !== proof)
          return send(400, { error: 'invalid_grant' })
        return send(200, { access_token: 'opaque', token_type: 'Bearer', expires_in: 60, id_token: idToken(grant) })
      }
      case '/userinfo':
        return send(200, issuer.userinfo ?? issuer.person)
      default:
        return send(404, { error: 'not_found' })
    }
  }

  function isClient({ headers }: IncomingMessage): boolean {
    // As application/x-www-form-urlencoded each, then joined: RFC 6749, section 2.3.1.
    const pair = [issuer.clientId, issuer.clientSecret].map(encodeURIComponent).join(':')
    const given = Buffer.from((headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString()
    return decodeURIComponent(given) === decodeURIComponent(pair)
  }

  function idToken({ nonce }: Grant): string {
    const nowSeconds = Math.floor(Date.now() / 1000)
    const { header, claims, key } = issuer.forge({
      header: { alg: 'RS256', typ: 'JWT', kid: KID },
      claims: { iss: url, aud: issuer.clientId, iat: nowSeconds, exp: nowSeconds + 300, nonce, ...issuer.person },
      key: keys.privateKey,
    })
    const signed = `${base64url(header)}.${base64url(claims)}`
    const signature = header['alg'] === 'none' ? '' : createSign('sha256').update(signed).sign(key, 'base64url')
    return `${signed}.${signature}`
  }
  return issuer
}

function description(url: string): Members {
  return {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/jwks`,
    userinfo_endpoint: `${url}/userinfo`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of request.setEncoding('utf8')) text += String(piece)
  return text
}
