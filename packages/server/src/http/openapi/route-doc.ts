import type { ErrorCode } from '@tallystick/core'
import type { Schema } from './schema.ts'

/** What the API page says about a route, beside its summary. No row of the route table goes without. */
export interface RouteDoc {
  readonly tag: Tag
  readonly description?: string
  readonly parameters?: readonly ParameterDoc[]
  readonly body?: BodyDoc
  /** By status: what a request that succeeds is answered with. */
  readonly answers: { readonly [status: number]: AnswerDoc }
  /** Codes that this route answers beside those that any route may. */
  readonly errors?: readonly ErrorCode[]
  /** How errors look, where the dialect has its own shape; `problem+json` otherwise. */
  readonly errorContent?: { readonly type: string; readonly schema: Schema }
}

export type Tag =
  | 'Access'
  | 'Alerts'
  | 'Events'
  | 'Figures'
  | 'Budgets'
  | 'OpenTelemetry'
  | 'Operations'
  | 'Receivers'
  | 'Routiium'
  | 'Protocol 005'
  | 'Protocol 012'

export interface ParameterDoc {
  readonly name: string
  readonly in: 'query' | 'header' | 'path'
  readonly description: string
  readonly schema: Schema
  readonly example?: string | number
  readonly required?: true
}

export interface BodyDoc {
  readonly description?: string
  readonly required?: boolean
  /** By media type. */
  readonly content: { readonly [type: string]: ContentDoc }
}

export interface AnswerDoc {
  readonly description: string
  /** Absent where there is no body to speak of. */
  readonly content?: { readonly [type: string]: ContentDoc }
}

export interface ContentDoc {
  readonly schema: Schema
  readonly examples?: { readonly [name: string]: Example }
}

export interface Example {
  readonly summary: string
  readonly value: unknown
}

/** One JSON answer with one example. */
export function jsonAnswer(description: string, schema: Schema, example?: unknown): AnswerDoc {
  const examples = example === undefined ? {} : { examples: { answer: { summary: description, value: example } } }
  return { description, content: { 'application/json': { schema, ...examples } } }
}
