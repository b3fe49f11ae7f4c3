import { create, toBinary } from '@bufbuild/protobuf'
import { ExportResponseSchema, RpcStatusSchema } from './generated/otlp_pb.ts'

/** The body of `Export...ServiceResponse`: empty when everything was taken. */
export function exportResponse(
  rejected: { readonly count: number; readonly message: string } | undefined,
): Uint8Array<ArrayBuffer> {
  const partialSuccess =
    rejected === undefined ? undefined : { rejected: BigInt(rejected.count), errorMessage: rejected.message }
  return toBinary(ExportResponseSchema, create(ExportResponseSchema, partialSuccess && { partialSuccess })).slice()
}

/** The body of `google.rpc.Status`. */
export function rpcStatus(status: { readonly code: number; readonly message: string }): Uint8Array<ArrayBuffer> {
  return toBinary(RpcStatusSchema, create(RpcStatusSchema, status)).slice()
}
