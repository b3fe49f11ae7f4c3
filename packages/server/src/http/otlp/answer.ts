import type { Signal } from '../../format/otlp/model.ts'
import { retryAfterSeconds } from '../problem.ts'
import type { FailureShape } from '../route.ts'
import { formatOf, type OtlpFormat, typeOf } from './media-type.ts'

/** Loaded with the first body in protobuf: a tenth of a start, which a server that gets none need not wait for. */
const writer = () => import('../../format/otlp/write-protobuf.ts')

/** What of a body was not taken, and why. Sending it again would not help. */
export interface Rejected {
  readonly count: number
  readonly message: string
}

/** The member that counts what was rejected, in JSON; in protobuf the three have one number. */
const COUNTS: { readonly [S in Signal]: string } = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
}

/**
 * The answer to a body that was taken: 200 in the body's own encoding, empty when all of it was.
 *
 * @source https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
export async function takenAnswer(
  signal: Signal,
  format: OtlpFormat,
  rejected: Rejected | undefined,
): Promise<Response> {
  const body =
    format === 'json'
      ? JSON.stringify(rejected === undefined ? {} : { partialSuccess: partialJson(signal, rejected) })
      : (await writer()).exportResponse(rejected)
  return new Response(body, { status: 200, headers: { 'content-type': typeOf(format) } })
}

function partialJson(signal: Signal, { count, message }: Rejected): object {
  // 64-bit integers are texts in the JSON of protobuf.
  return { [COUNTS[signal]]: String(count), errorMessage: message }
}

/** Of google.rpc.Code: what exporters are told beside the status of HTTP. */
const RPC_CODES: ReadonlyMap<number, number> = new Map([
  [400, 3],
  [401, 16],
  [403, 7],
  [404, 5],
  [405, 12],
  [408, 4],
  [413, 3],
  [415, 3],
  [421, 3],
  [429, 8],
  [500, 13],
  [503, 14],
  [504, 4],
])
const UNKNOWN = 2

/**
 * Errors as OTLP has them: google.rpc.Status in the encoding of the request. Exporters send again after 429, 502, 503 and
 * 504 only, so a full disk, which heals, is 503 here and not 507.
 *
 * @source https://opentelemetry.io/docs/specs/otlp/#failures-1
 */
export const otlpFailure: FailureShape = async (problem, request) => {
  const format = formatOf(request.headers.get('content-type')) ?? 'json'
  const status = problem.status === 507 ? 503 : problem.status
  const rpc = { code: RPC_CODES.get(status) ?? UNKNOWN, message: `${problem.code}: ${problem.detail}` }
  const body = format === 'json' ? JSON.stringify(rpc) : (await writer()).rpcStatus(rpc)
  const wait = retryAfterSeconds(problem)
  return new Response(body, {
    status,
    headers: {
      'content-type': typeOf(format),
      ...(wait === undefined ? {} : { 'retry-after': String(wait) }),
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    },
  })
}
