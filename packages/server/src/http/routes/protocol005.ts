import { HANDSHAKE_DOC, REFRESH_DOC, REPORT_DOC, RETURN_DOC } from '../openapi/protocol005.ts'
import { handshake, refresh } from '../protocol005/grant.ts'
import { giveBack, report } from '../protocol005/use.ts'
import { protocol012Failure } from '../protocol012/failure.ts'
import { admitTokens } from '../protocol012/ingest.ts'
import type { Route } from '../route.ts'

/** Protocol 005: the handshake of budgets. */
export const PROTOCOL005_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/v1/budget/handshake',
    scope: 'ingest',
    handler: handshake,
    doc: HANDSHAKE_DOC,
    failure: protocol012Failure,
    admit: admitTokens,
    summary: 'Open a lease, as Protocol 005 does',
  },
  {
    method: 'POST',
    path: '/api/v1/budget/report',
    scope: 'ingest',
    handler: report,
    doc: REPORT_DOC,
    failure: protocol012Failure,
    admit: admitTokens,
    summary: 'Report what a request used, as Protocol 005 does',
  },
  {
    method: 'POST',
    path: '/api/v1/budget/refresh',
    scope: 'ingest',
    handler: refresh,
    doc: REFRESH_DOC,
    failure: protocol012Failure,
    admit: admitTokens,
    summary: 'Ask for a further lease, as Protocol 005 does',
  },
  {
    method: 'POST',
    path: '/api/v1/budget/return',
    scope: 'ingest',
    handler: giveBack,
    doc: RETURN_DOC,
    failure: protocol012Failure,
    admit: admitTokens,
    summary: 'Give a lease back, as Protocol 005 does',
  },
  {
    method: 'POST',
    path: '/api/budget/handshake',
    scope: 'ingest',
    handler: handshake,
    doc: HANDSHAKE_DOC,
    failure: protocol012Failure,
    admit: admitTokens,
    summary: 'Open a lease, as Protocol 005 does, at its older address',
  },
  {
    method: 'POST',
    path: '/api/budget/report',
    scope: 'ingest',
    handler: report,
    doc: REPORT_DOC,
    failure: protocol012Failure,
    admit: admitTokens,
    summary: 'Report what a request used, as Protocol 005 does, at its older address',
  },
  {
    method: 'POST',
    path: '/api/budget/refresh',
    scope: 'ingest',
    handler: refresh,
    doc: REFRESH_DOC,
    failure: protocol012Failure,
    admit: admitTokens,
    summary: 'Ask for a further lease, as Protocol 005 does, at its older address',
  },
  {
    method: 'POST',
    path: '/api/budget/return',
    scope: 'ingest',
    handler: giveBack,
    doc: RETURN_DOC,
    failure: protocol012Failure,
    admit: admitTokens,
    summary: 'Give a lease back, as Protocol 005 does, at its older address',
  },
]
