import type { Refusal } from './door.ts'
import { boundedText } from './text.ts'
import type { Reply } from './transport.ts'

/** Why an event will never be taken. */
export interface Rejection extends Refusal {
  /** Of the answer: 200 to 299 when the event alone was refused, otherwise that of the request; 0 if it could not be sent. */
  readonly status: number
}

/** Why a server wants another token. */
export interface Unauthorized extends Refusal {
  /** 401 or 403. */
  readonly status: number
}

type Members = Readonly<Record<string, unknown>>

/** Why a whole request was refused, from any shape of error: RFC 9457 with a code, `{"error":{...}}`, `{"error":"CODE"}`. */
export function refusalOf({ status, text }: Reply, token: string | undefined): Refusal {
  const fallback = `http_${status}`
  try {
    const body = JSON.parse(text) as Members
    const error = body['error']
    const { code, message } = (typeof error === 'object' && error !== null ? error : { code: error }) as Members
    return {
      code: boundedText(body['code'] ?? code ?? fallback, token),
      message: boundedText(body['detail'] ?? message ?? body['message'] ?? '', token),
    }
  } catch {
    return { code: fallback, message: boundedText(text, token) }
  }
}
