import { DIMENSIONS } from '@tallystick/core/event'
import { MEASURES } from '@tallystick/core/query'
import { type Handler, json } from '../route.ts'

const TABLES = {
  dimensions: DIMENSIONS.map(({ name, type, label, cardinality, aliases }) => ({
    name,
    type,
    label,
    cardinality,
    aliases: aliases ?? [],
  })),
  measures: MEASURES.map(({ name, label, unit }) => ({ name, label, unit })),
}

/** `GET /api/v1/tables`: what queries can split, filter and ask by. Beside these, `tags.<key>` is a dimension. */
export const tables: Handler = () => json(TABLES)
