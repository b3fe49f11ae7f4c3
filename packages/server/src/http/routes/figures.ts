import { errorPatterns } from '../handlers/error-patterns.ts'
import { live } from '../handlers/live.ts'
import { lookUpPrices } from '../handlers/price-lookup.ts'
import { priceModels, prices } from '../handlers/prices.ts'
import { projection } from '../handlers/projection.ts'
import { query } from '../handlers/query.ts'
import { dismissRecommendation, listRecommendations, restoreRecommendation } from '../handlers/recommendations.ts'
import { putReconciliation, showReconciliation } from '../handlers/reconciliation.ts'
import { tables } from '../handlers/tables.ts'
import { websocket } from '../handlers/websocket.ts'
import { whatIfHandler } from '../handlers/what-if.ts'
import { ERROR_PATTERNS_DOC } from '../openapi/error-patterns.ts'
import { LIVE_DOC, QUERY_DOC, TABLES_DOC, WEBSOCKET_DOC } from '../openapi/native.ts'
import { LOOK_UP_PRICES_DOC } from '../openapi/price-lookup.ts'
import { PRICE_MODELS_DOC, PRICES_DOC } from '../openapi/prices.ts'
import { PROJECTION_DOC } from '../openapi/projection.ts'
import {
  DISMISS_RECOMMENDATION_DOC,
  LIST_RECOMMENDATIONS_DOC,
  RESTORE_RECOMMENDATION_DOC,
} from '../openapi/recommendations.ts'
import { PUT_RECONCILIATION_DOC, SHOW_RECONCILIATION_DOC } from '../openapi/reconciliation.ts'
import { WHAT_IF_DOC } from '../openapi/what-if.ts'
import type { Route } from '../route.ts'

/** Figures, asked for and followed. */
export const FIGURE_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/v1/query',
    scope: 'read',
    handler: query,
    doc: QUERY_DOC,
    strict: true,
    summary: 'Ask for figures',
  },
  {
    method: 'POST',
    path: '/api/v1/what-if',
    scope: 'read',
    handler: whatIfHandler,
    doc: WHAT_IF_DOC,
    strict: true,
    summary: 'Say what traffic would cost on other models',
  },
  {
    method: 'GET',
    path: '/api/v1/error-patterns',
    scope: 'read',
    handler: errorPatterns,
    doc: ERROR_PATTERNS_DOC,
    summary: 'List failures that are alike',
  },
  {
    method: 'GET',
    path: '/api/v1/prices',
    scope: 'read',
    handler: prices,
    doc: PRICES_DOC,
    strict: true,
    summary: 'Look up a price, or list what overrides the catalogue',
  },
  {
    method: 'GET',
    path: '/api/v1/prices/models',
    scope: 'read',
    handler: priceModels,
    doc: PRICE_MODELS_DOC,
    strict: true,
    summary: 'List models with a price of their own',
  },
  {
    method: 'GET',
    path: '/api/v1/projection',
    scope: 'read',
    handler: projection,
    doc: PROJECTION_DOC,
    summary: 'Tell what is spent these days, and what the month comes to',
  },
  {
    method: 'POST',
    path: '/api/v1/prices/lookup',
    scope: 'read',
    handler: lookUpPrices,
    doc: LOOK_UP_PRICES_DOC,
    strict: true,
    summary: 'Look prices up',
  },
  {
    method: 'GET',
    path: '/api/v1/reconciliation',
    scope: 'read',
    handler: showReconciliation,
    control: true,
    doc: SHOW_RECONCILIATION_DOC,
    strict: true,
    summary: 'Compare what was recorded with what providers bill',
  },
  {
    method: 'POST',
    path: '/api/v1/reconciliation',
    scope: 'admin',
    handler: putReconciliation,
    control: true,
    doc: PUT_RECONCILIATION_DOC,
    strict: true,
    summary: "Take a part of a provider's bill",
  },
  {
    method: 'GET',
    path: '/api/v1/recommendations',
    scope: 'read',
    handler: listRecommendations,
    control: true,
    doc: LIST_RECOMMENDATIONS_DOC,
    strict: true,
    summary: 'Say what should change, and what that would save',
  },
  {
    method: 'POST',
    path: '/api/v1/recommendations/dismiss',
    scope: 'admin',
    handler: dismissRecommendation,
    control: true,
    doc: DISMISS_RECOMMENDATION_DOC,
    strict: true,
    summary: 'Leave a recommendation out from now on',
  },
  {
    method: 'POST',
    path: '/api/v1/recommendations/restore',
    scope: 'admin',
    handler: restoreRecommendation,
    control: true,
    doc: RESTORE_RECOMMENDATION_DOC,
    strict: true,
    summary: 'List a recommendation again',
  },
  {
    method: 'GET',
    path: '/api/v1/live',
    scope: 'read',
    handler: live,
    long: true,
    doc: LIVE_DOC,
    strict: true,
    stream: true,
    summary: 'Follow accepted events as server-sent events',
  },
  {
    method: 'GET',
    path: '/ws',
    scope: 'read',
    handler: websocket,
    doc: WEBSOCKET_DOC,
    stream: true,
    summary: 'Follow agents over a WebSocket, as Protocol 003 does',
  },
  {
    method: 'GET',
    path: '/api/v1/tables',
    scope: 'read',
    handler: tables,
    doc: TABLES_DOC,
    strict: true,
    summary: 'List dimensions and measures',
  },
]
