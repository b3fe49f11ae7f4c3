import type { Clock } from '@tallystick/core/event'
import type { Schema } from '../http/openapi/schema.ts'
import type { Api } from './api.ts'

/** What a tool is given beside its arguments. */
export interface ToolContext {
  readonly api: Api
  readonly clock: Clock
  /** Aborted when the client no longer wants the answer. */
  readonly signal?: AbortSignal
}

/** A text as it is, or what becomes JSON. */
export interface ToolAnswer {
  readonly value: unknown
  /** The tool says that it could not do what was asked. */
  readonly failed?: boolean
}

/** One tool of the Model Context Protocol. None of them changes anything. */
export interface Tool {
  readonly name: string
  readonly title: string
  /** For a language model that has to choose: what it answers, in which units, and what it is not for. */
  readonly description: string
  readonly inputSchema: Schema
  /** @throws TallystickError for arguments that cannot be read, and whatever the API answers */
  run(args: Readonly<Record<string, unknown>>, context: ToolContext): Promise<ToolAnswer>
}
