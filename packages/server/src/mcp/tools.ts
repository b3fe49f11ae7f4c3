import { analyticsTool } from './analytics/get-analytics.ts'
import type { Tool } from './tool.ts'
import { eventsTool } from './tools/events.ts'
import { queryTool } from './tools/query.ts'
import { budgetsTool, healthTool, recommendationsTool } from './tools/standing.ts'
import { tablesTool } from './tools/tables.ts'

/** THE table of tools, in the order in which clients are told of them. */
export const TOOLS: readonly Tool[] = [
  queryTool,
  tablesTool,
  eventsTool,
  analyticsTool,
  recommendationsTool,
  budgetsTool,
  healthTool,
]
