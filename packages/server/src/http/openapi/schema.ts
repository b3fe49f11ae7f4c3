/** What is used here of JSON Schema 2020-12, which OpenAPI 3.1 takes as it is. */
export interface Schema {
  readonly $ref?: string
  readonly type?: SchemaType | readonly SchemaType[]
  readonly description?: string
  readonly title?: string
  readonly enum?: readonly (string | number | boolean | null)[]
  readonly const?: string | number | boolean
  readonly properties?: { readonly [name: string]: Schema }
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly maxProperties?: number
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: string
  readonly default?: string | number | boolean
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

type SchemaType = 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'null'

/** A named schema of the document. */
export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })

/** Every member that is not among `optional` is required, and there are no others: a member the document forgets is a lie. */
export function object(
  properties: { readonly [name: string]: Schema },
  options: { readonly optional?: readonly string[]; readonly description?: string } = {},
): Schema {
  const { optional = [], description } = options
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    additionalProperties: false,
  }
}

export const array = (items: Schema, description?: string): Schema => ({
  type: 'array',
  items,
  ...(description === undefined ? {} : { description }),
})

export const text = (description?: string): Schema => ({
  type: 'string',
  ...(description === undefined ? {} : { description }),
})

/** An integer from 0 to 2^53 - 1 unless said otherwise. */
export const integer = (description?: string, maximum: number = Number.MAX_SAFE_INTEGER): Schema => ({
  type: 'integer',
  minimum: 0,
  maximum,
  ...(description === undefined ? {} : { description }),
})

export const flag = (description?: string): Schema => ({
  type: 'boolean',
  ...(description === undefined ? {} : { description }),
})

/** The same, or null. */
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] })
